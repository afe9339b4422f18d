package io.argosy.broker.registration;

import com.google.protobuf.ByteString;
import io.argosy.proto.v1.GroupFence;
import java.nio.ByteBuffer;
import java.util.UUID;

/**
 * What this replica is in its group now.
 *
 * @param recoveryEpoch how often the group was recovered by force
 * @param leading only then does it claim the term at the name servers
 */
public record Standing(String groupName, UUID groupUuid, long recoveryEpoch, long term, boolean leading) {

    GroupFence fence(int self) {
        return GroupFence.newBuilder()
                .setGroupName(groupName)
                .setGroupUuid(bytes(groupUuid))
                .setRecoveryEpoch(recoveryEpoch)
                .setTerm(term)
                .setLeaderId(leading ? self : 0)
                .build();
    }

    private static ByteString bytes(UUID uuid) {
        ByteBuffer bytes = ByteBuffer.allocate(16);
        bytes.putLong(uuid.getMostSignificantBits()).putLong(uuid.getLeastSignificantBits());
        return ByteString.copyFrom(bytes.flip());
    }
}
