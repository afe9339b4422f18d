package io.argosy.broker.admin;

import com.google.protobuf.ByteString;
import io.argosy.broker.topic.TopicView;
import io.argosy.proto.v1.AdminCode;
import io.argosy.proto.v1.AdminStatus;
import io.argosy.proto.v1.MemberInfo;
import io.argosy.proto.v1.TopicInfo;
import io.argosy.raft.Member;
import io.argosy.raft.Membership;
import java.nio.ByteBuffer;
import java.util.UUID;

/** Pieces of answers. */
final class AdminAnswers {

    static final AdminStatus OK =
            AdminStatus.newBuilder().setCode(AdminCode.ADMIN_CODE_OK).build();

    private AdminAnswers() {}

    static AdminStatus status(AdminCode code, String message) {
        return AdminStatus.newBuilder().setCode(code).setMessage(message).build();
    }

    static MemberInfo info(Member member, Membership membership) {
        return MemberInfo.newBuilder()
                .setReplicaId(member.id().value())
                .setStoreUuid(bytes(member.storeUuid()))
                .setVoter(membership.voter(member.id()).isPresent())
                .setPriority(member.priority())
                .setPeerAddress(member.peerAddress())
                .build();
    }

    static TopicInfo info(TopicView topic) {
        return TopicInfo.newBuilder()
                .setName(topic.name())
                .setTopicId(topic.topicId())
                .setQueueCount(topic.queueCount())
                .setRetentionMillis(topic.retention().toMillis())
                .build();
    }

    static ByteString bytes(UUID uuid) {
        ByteBuffer bytes = ByteBuffer.allocate(2 * Long.BYTES);
        bytes.putLong(uuid.getMostSignificantBits()).putLong(uuid.getLeastSignificantBits());
        return ByteString.copyFrom(bytes.flip());
    }
}
