#!/usr/bin/env bash
# The first process of a node in namespaces of its own: containerd and the kubelet, which end with it.
# It stays bash, which collects the orphans that containers leave.
#
# node.sh FOLDER PROGRAMS SUBNET BRIDGE KUBELET_PORT
set -euo pipefail
folder=$1 programs=$2 subnet=$3 bridge=$4 port=$5
cd "$folder"
mount --make-rprivate /
mkdir -p containerd/{root,state} kubelet cni leases logs/pods

# In this namespace of cgroups the roots of the hierarchies are the groups that were made for the node.
hierarchies=$(awk -F: '$2 != "" { print $2 }' /proc/self/cgroup)
mount -t tmpfs tmpfs /sys/fs/cgroup
for each in $hierarchies; do
  name=${each#name=} options=$each
  [ "$name" = "$each" ] || options="none,$each"
  mkdir -p "/sys/fs/cgroup/$name"
  mount -t cgroup -o "$options" cgroup "/sys/fs/cgroup/$name"
done

# Folders whose paths are fixed in containerd, its network plugins and the kubelet: hidden, so that nothing is left there.
for each in /run/netns /run/containerd /var/log/containers /var/lib/cni /var/lib/kubelet; do
  mkdir -p "$each"
  mount -t tmpfs tmpfs "$each"
done
mount --bind kubelet /var/lib/kubelet

cat > cni/pods.conflist <<END
{"cniVersion": "0.4.0", "name": "pods", "plugins": [
  {"type": "bridge", "bridge": "$bridge", "isGateway": true, "ipMasq": false, "ipam": {"type": "host-local",
   "dataDir": "$folder/leases", "ranges": [[{"subnet": "$subnet.0/24"}]], "routes": [{"dst": "0.0.0.0/0"}]}},
  {"type": "loopback"}]}
END
# Many build machines allow nobody to lower a score of the out-of-memory killer.
cat > containerd.toml <<END
version = 2
root = "$folder/containerd/root"
state = "$folder/containerd/state"
oom_score = 0
disabled_plugins = ["io.containerd.internal.v1.opt"]
[grpc]
  address = "$folder/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "localhost/pause:1"
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
      SystemdCgroup = false
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "$folder/cni"
END
cat > kubelet.yaml <<END
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
address: "$subnet.1"
port: $port
readOnlyPort: 0
healthzPort: 0
authentication: {anonymous: {enabled: false}, webhook: {enabled: false}, x509: {clientCAFile: "$folder/ca.crt"}}
authorization: {mode: AlwaysAllow}
containerRuntimeEndpoint: "unix://$folder/containerd.sock"
cgroupDriver: cgroupfs
oomScoreAdj: 0
failSwapOn: false
nodeStatusUpdateFrequency: 5s
imageGCHighThresholdPercent: 100
evictionHard: {memory.available: 100Mi, nodefs.available: "1%", imagefs.available: "1%"}
makeIPTablesUtilChains: false
resolvConf: ""
podLogsDir: "$folder/logs/pods"
volumePluginDir: "$folder/kubelet/plugins"
END

containerd --config containerd.toml > logs/containerd.log 2>&1 &
until ctr --address containerd.sock version > /dev/null 2>&1; do kill -0 $!; sleep 0.1; done
ctr --address containerd.sock --namespace k8s.io images import pause.tar > /dev/null
"$programs/kubelet" --config kubelet.yaml --kubeconfig node.kubeconfig --root-dir "$folder/kubelet" \
  --cert-dir "$folder/kubelet/pki" --hostname-override node1 --node-ip "$subnet.1" > logs/kubelet.log 2>&1 &
wait -n || true
tail -n 20 logs/kubelet.log logs/containerd.log
exit 1
