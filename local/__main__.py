"""`python -m local` is `web4ctl`, for a Python that has the project without its commands."""

from local.ctl.app import app

if __name__ == "__main__":
    app(prog_name="web4ctl")
