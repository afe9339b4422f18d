package io.argosy.namesrv.registration;

import com.google.protobuf.ByteString;
import io.argosy.namesrv.route.Fence;
import io.argosy.namesrv.route.Registered;
import io.argosy.namesrv.route.TopicChanges;
import io.argosy.proto.v1.Delta;
import io.argosy.proto.v1.FullState;
import io.argosy.proto.v1.GroupFence;
import io.argosy.proto.v1.ReplicaAddress;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.UUID;

/** From the wire to values; refuses what no broker would say with an IllegalArgumentException for people. */
final class RegistrationDecoder {

    private static final int GROUP_CHARS_MAX = 127;

    private RegistrationDecoder() {}

    static Registered registered(FullState full) {
        if (full.getReplicaId() == 0) {
            throw new IllegalArgumentException("replica_id missing");
        }
        full.getReplicasList().forEach(RegistrationDecoder::check);
        return new Registered(
                full.getReplicaId(),
                fence(full.getFence()),
                full.getReplicasList(),
                full.getTopicsVersion(),
                full.getTopicsList(),
                full.getAutoCreate());
    }

    static TopicChanges changes(Delta delta) {
        return new TopicChanges(
                delta.getBaseTopicsVersion(),
                delta.getTopicsVersion(),
                delta.getChangedTopicsList(),
                delta.getDeletedTopicsList());
    }

    static Fence fence(GroupFence fence) {
        if (fence.getGroupName().isEmpty() || fence.getGroupName().length() > GROUP_CHARS_MAX) {
            throw new IllegalArgumentException("group_name must have 1 to " + GROUP_CHARS_MAX + " characters");
        }
        return new Fence(
                fence.getGroupName(),
                uuid(fence.getGroupUuid()),
                fence.getRecoveryEpoch(),
                fence.getTerm(),
                fence.getLeaderId() == 0 ? Optional.empty() : Optional.of(fence.getLeaderId()));
    }

    private static UUID uuid(ByteString bytes) {
        if (bytes.size() != 16) {
            throw new IllegalArgumentException("group_uuid has " + bytes.size() + " bytes, not 16");
        }
        ByteBuffer buffer = bytes.asReadOnlyByteBuffer();
        return new UUID(buffer.getLong(), buffer.getLong());
    }

    private static void check(ReplicaAddress address) {
        if (address.getReplicaId() == 0
                || address.getClientHost().isEmpty()
                || address.getClientPort() < 1
                || address.getClientPort() > 65535) {
            throw new IllegalArgumentException("replica " + address.getReplicaId() + " without a client address");
        }
    }
}
