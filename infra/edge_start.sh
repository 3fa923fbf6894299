# The edge's first process: nginx, and beside it what has nginx read a renewed certificate (decision 18).
#
# The kubelet renews a mounted Secret by pointing the link ..data at a folder with the new files. It is looked for rather
# than waited for, since the official image of nginx has nothing to wait with.
pause=5 # seconds

# nginx takes a key of another kind than the certificate's for half of a second pair, and then no handshake works.
is_a_pair() {
    of_certificate=$(openssl x509 -in /etc/nginx/tls/tls.crt -noout -pubkey)
    of_key=$(openssl pkey -in /etc/nginx/tls/tls.key -pubout)
    [ "$of_certificate" = "$of_key" ] || { echo "edge: tls.key is not the key of tls.crt" >&2; false; }
}

renew() {
    wait=$pause
    while true; do
        sleep "$wait"
        wait=$pause
        there=$(readlink /etc/nginx/tls/..data)
        [ "$there" = "$served" ] && continue
        # A process of its own says whether nginx could serve it: the one that serves is not asked before.
        if is_a_pair && nginx -t -q -e /dev/stderr -c /etc/nginx/nginx.conf; then
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
is_a_pair || exit 1
renew &
# -e: until the configuration is read, nginx would log to a file in the read-only root.
exec nginx -e /dev/stderr -g 'daemon off;' -c /etc/nginx/nginx.conf
