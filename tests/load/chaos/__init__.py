"""`make chaos`: one fault after another on the running stack, under steady load, each healed and audited."""
