#!/usr/bin/env bash
# A control plane and a node in the foreground; when one of them ends, all do.
#
# plane.sh FOLDER PROGRAMS PORT SUBNET BRIDGE SERVICES; the three ports after PORT are used too
set -euo pipefail
folder=$1 programs=$2 port=$3 subnet=$4 bridge=$5 services=$6
cd "$folder"
mkdir -p logs
node=
# The node's first process is deaf to anything milder.
trap 'kill -KILL $node 2> /dev/null; kill $(jobs -p) 2> /dev/null; wait' EXIT
trap 'exit 1' TERM INT

etcd=http://127.0.0.1:$((port + 1)) peer=http://127.0.0.1:$((port + 2))
etcd --data-dir etcd --unsafe-no-fsync --log-level warn --listen-client-urls "$etcd" --advertise-client-urls "$etcd" \
  --listen-peer-urls "$peer" --initial-advertise-peer-urls "$peer" --initial-cluster "default=$peer" > logs/etcd.log 2>&1 &
"$programs/kube-apiserver" --etcd-servers "$etcd" --bind-address "$services.1" --advertise-address "$subnet.1" \
  --secure-port 443 --tls-cert-file server.pem --tls-private-key-file server.pem --token-auth-file tokens.csv \
  --authorization-mode Node,RBAC --enable-admission-plugins NodeRestriction --endpoint-reconciler-type none \
  --service-account-issuer https://kubernetes.default.svc --service-account-key-file accounts.pem \
  --service-account-signing-key-file accounts.pem --service-cluster-ip-range "$services.0/24" --cert-dir certificates \
  --kubelet-preferred-address-types InternalIP --kubelet-client-certificate server.pem --kubelet-client-key server.pem \
  > logs/apiserver.log 2>&1 &
"$programs/kube-controller-manager" --kubeconfig controllers.kubeconfig --service-account-private-key-file accounts.pem \
  --root-ca-file ca.crt --use-service-account-credentials --secure-port 0 --leader-elect=false --kube-api-qps 500 \
  --kube-api-burst 500 --controllers '*,-tokencleaner,-nodeipam' > logs/controllers.log 2>&1 &
"$programs/kube-scheduler" --kubeconfig scheduler.kubeconfig --secure-port 0 --leader-elect=false > logs/scheduler.log 2>&1 &
(
  while read -r group; do echo $BASHPID > "$group/cgroup.procs"; done < cgroups
  exec unshare --mount --cgroup --pid --fork --mount-proc --kill-child \
    bash "$(dirname "$0")/node.sh" "$folder" "$programs" "$subnet" "$bridge" $((port + 3))
) > logs/node.log 2>&1 &
node=$!
wait -n || true
tail -n 20 logs/*.log
