#!/usr/bin/env bash
# A stand-in for the official base image, for machines that can reach package mirrors but no image registry.
# It carries the same tag as the official image and the same layout (Debian bookworm, CPython 3.11 in
# /usr/local), so it proves the Dockerfile; it does not prove the official image's own bits.
# Usage: base.sh TAG. Needs root. Does nothing when the tag is there already.
set -euo pipefail

tag=$1
if podman image exists "$tag"; then
  echo "image-test: the base $tag is here already" >&2
  exit 0
fi
echo "image-test: the base $tag is not here: making a STAND-IN from Debian packages under its tag" >&2

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/root

libraries=ca-certificates,libssl3,libffi8,libsqlite3-0,zlib1g,libbz2-1.0,liblzma5,libreadline8,libncursesw6
debootstrap --variant=minbase --include="$libraries,libexpat1,libuuid1,netbase,tzdata" bookworm "$root" \
  >"$work/debootstrap.log" 2>&1 || { tail -n 20 "$work/debootstrap.log" >&2; exit 1; }
rm -rf "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/* "$root"/usr/share/doc "$root"/usr/share/man

# The interpreter of this machine stands in for the one that the official image builds from source.
python=${PYTHON:-python3.11}
prefix=$("$python" -c 'import sys; assert sys.version_info[:2] == (3, 11); print(sys.base_prefix)')
mkdir -p "$root/usr/local"
tar -C "$prefix" --exclude='__pycache__' --exclude='test' --exclude='tests' --exclude='site-packages/*' \
  -c bin/python3.11 lib/python3.11 $(cd "$prefix" && ls -d lib/libpython3*) include/python3.11 | tar -C "$root/usr/local" -x
mkdir -p "$root/usr/local/lib/python3.11/site-packages"
ln -sf python3.11 "$root/usr/local/bin/python3"
ln -sf python3.11 "$root/usr/local/bin/python"
chroot "$root" ldconfig
chroot "$root" /usr/local/bin/python -m ensurepip --default-pip >/dev/null
chroot "$root" /usr/local/bin/python -c 'import ssl, sqlite3, ctypes, bz2, lzma, zoneinfo'

tar -C "$root" -c . |
  podman import --quiet --change 'ENV PATH=/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin' \
    --change 'ENV LANG=C.UTF-8' --change 'CMD ["python3"]' - "$tag" >/dev/null
