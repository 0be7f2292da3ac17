# Boots one machine of the lab: run as process 1 of its own pid, mount, uts, ipc and cgroup namespaces.
# Its root is an overlay over the image, so what it writes stays in its own layer and vanishes with it.
#
#   $1  the machine's folder: upper, work, root     $2  lower layers, as overlayfs takes them
#   $3  host name                                   $4  file of bind mounts, a line each: SOURCE TARGET
set -eu
folder=$1 lower=$2 name=$3 binds=$4
mount -t overlay overlay -o "lowerdir=$lower,upperdir=$folder/upper,workdir=$folder/work" "$folder/root"
cd "$folder/root"
mount -t proc proc proc
mount -t sysfs sysfs sys
mount --rbind /sys/fs/cgroup sys/fs/cgroup
mount -t tmpfs -o mode=755 tmpfs dev
for device in null zero full random urandom tty; do
    : >"dev/$device" && mount --bind "/dev/$device" "dev/$device"
done
mkdir -p dev/pts dev/shm dev/net
mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
mount -t tmpfs -o mode=1777 tmpfs dev/shm
mount -t tmpfs -o mode=755 tmpfs run
mount -t tmpfs -o mode=1777 tmpfs tmp
while read -r source target; do
    mkdir -p ".$target"
    mount --bind "$source" ".$target"
done <"$binds"
hostname "$name"
pivot_root . .
umount -l .
cd /
: >/run/booted
# What a cloud's image does on its first boot: run the user data it was rented with, once.
exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 \
    tini -s -- sh -c 'test -s /var/lib/cloud/user-data && sh /var/lib/cloud/user-data & exec sleep infinity'
