# The edge's first process: nginx, and beside it what has nginx read a renewed certificate (decision 18).
#
# The kubelet renews a mounted Secret by pointing the link ..data at a folder with the new files. It is looked for rather
# than waited for, since the official image of nginx has nothing to wait with.
pause=5 # seconds

renew() {
    wait=$pause
    while true; do
        sleep "$wait"
        wait=$pause
        there=$(readlink /etc/nginx/tls/..data)
        [ "$there" = "$served" ] && continue
        # A process of its own says whether nginx could serve it: the one that serves is not asked before.
        if nginx -t -q -e /dev/stderr -c /etc/nginx/nginx.conf; then
            # nginx lets every request that it has begun end with the certificate before.
            nginx -s reload -e /dev/stderr -c /etc/nginx/nginx.conf
            served=$there
            echo "edge: the certificate was renewed, nginx reads it" >&2
        else
            echo "edge: the new certificate is refused (above), the one before is served on; asked again in 60 s" >&2
            wait=60
        fi
    done
}

# Before nginx reads it: what comes in between is read twice, not missed.
served=$(readlink /etc/nginx/tls/..data)
renew &
# -e: until the configuration is read, nginx would log to a file in the read-only root.
exec nginx -e /dev/stderr -g 'daemon off;' -c /etc/nginx/nginx.conf
