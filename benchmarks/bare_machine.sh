# One machine made by hand, for comparison: no token, no certificate, no users, no checks, no record.
#   bare_machine.sh LAB-FOLDER NODE ADDRESS/LENGTH GATEWAY HEAD:PORT MUNGE-KEY
set -eu
lab=$1 node=$2 address=$3 gateway=$4 controller=$5 key=$6
dir=$lab/machines/$node net=$lab/net/$node data=$lab/machines/$node/upper/var/lib/cloud
mkdir -p "$dir/work" "$dir/root" "$data" "$dir/upper/etc/munge"
: >"$dir/binds"
install -o munge -m 400 "$key" "$dir/upper/etc/munge/munge.key"
chown munge "$dir/upper/etc/munge"
cat >"$data/user-data" <<END
install -d -o munge /run/munge
echo "${controller%:*} head" >>/etc/hosts
runuser -u munge -- munged --force
slurmd -b --conf-server $controller
END
: >"$net"
unshare --net="$net" true
nsenter --net="$lab/net/cloud" ip -batch - <<END
link add v-$node type veth peer name eth0 netns $net
link set v-$node up
ntable change name arp_cache dev v-$node proxy_delay 0
route replace ${address%/*}/32 dev v-$node
END
nsenter --net="$net" ip -batch - <<END
link set lo up
addr add $address dev eth0
link set eth0 up
route add default via $gateway
END
exec nsenter --net="$net" unshare --mount --uts --ipc --cgroup --pid --fork --kill-child \
    sh "$lab/boot.sh" "$dir" "$lab/images/node:/" "$node" "$dir/binds"
