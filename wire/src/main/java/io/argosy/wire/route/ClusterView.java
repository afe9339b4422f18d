package io.argosy.wire.route;

import com.google.protobuf.ByteString;
import io.argosy.proto.v1.ClusterGrpc;
import io.argosy.proto.v1.DescribeClusterRequest;
import io.argosy.proto.v1.DescribeClusterResponse;
import io.argosy.proto.v1.GroupView;
import io.argosy.proto.v1.ReplicaView;
import io.argosy.wire.route.RouteSource.Group;
import io.argosy.wire.route.RouteSource.Replica;
import io.grpc.stub.StreamObserver;
import java.nio.ByteBuffer;
import java.util.UUID;

/** Tells tools and our own client who is there and who leads. */
public final class ClusterView extends ClusterGrpc.ClusterImplBase {

    private final RouteSource source;

    public ClusterView(RouteSource source) {
        this.source = source;
    }

    @Override
    public void describeCluster(DescribeClusterRequest request, StreamObserver<DescribeClusterResponse> answer) {
        DescribeClusterResponse.Builder response = DescribeClusterResponse.newBuilder();
        for (Group group : source.groups()) {
            response.addGroups(view(group));
        }
        answer.onNext(response.build());
        answer.onCompleted();
    }

    private static GroupView view(Group group) {
        GroupView.Builder view = GroupView.newBuilder()
                .setName(group.name())
                .setTerm(group.term())
                .setLeaderId(group.leader().orElse(0));
        group.groupUuid().ifPresent(uuid -> view.setGroupUuid(bytes(uuid)));
        for (Replica replica : group.replicas()) {
            view.addReplicas(ReplicaView.newBuilder()
                    .setReplicaId(replica.id())
                    .setClientAddress(replica.clientHost() + ":" + replica.clientPort())
                    .setAdminAddress(replica.adminAddress())
                    .setConnected(replica.connected()));
        }
        return view.build();
    }

    private static ByteString bytes(UUID uuid) {
        ByteBuffer buffer = ByteBuffer.allocate(2 * Long.BYTES);
        buffer.putLong(uuid.getMostSignificantBits()).putLong(uuid.getLeastSignificantBits());
        return ByteString.copyFrom(buffer.flip());
    }
}
