package io.argosy.cli;

import io.argosy.client.ClusterDescription.Group;
import io.argosy.proto.v1.DescribeReplicaResponse;
import io.argosy.proto.v1.MemberInfo;
import io.argosy.proto.v1.PeerProgress;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code argosy raft status}. */
@Command(
        name = "status",
        description = "Shows the members of a broker group as its leader sees them, and how far each one is.",
        mixinStandardHelpOptions = true)
final class RaftStatusCommand implements Runnable {

    @Mixin
    private final CommonOptions common = new CommonOptions();

    @Mixin
    private final GroupReplicas replicas = new GroupReplicas();

    @Override
    public void run() {
        DescribeReplicaResponse seen;
        try (AdminClient admin = common.admin()) {
            Group group = replicas.find(admin);
            seen = GroupReplicas.describe(admin, group);
        }
        var body = Output.object()
                .put("group", seen.getGroupName())
                .put("seenBy", seen.getReplicaId())
                .put("leaderId", seen.getLeaderId())
                .put("term", seen.getTerm())
                .put("lastIndex", seen.getLastIndex())
                .put("commitIndex", seen.getCommitIndex())
                .put("handingOverTo", seen.getHandingOverTo())
                .put("flush", flush(seen));
        var members = body.putArray("members");
        StringBuilder text = new StringBuilder(String.format(
                "group %s, term %d, leader %s, log up to %d, flush %s, seen by replica %d%n%-8s %-8s %8s %12s %8s  %s%n",
                seen.getGroupName(),
                seen.getTerm(),
                seen.getLeaderId() == 0 ? "none" : Integer.toString(seen.getLeaderId()),
                seen.getLastIndex(),
                flush(seen),
                seen.getReplicaId(),
                "REPLICA",
                "ROLE",
                "PRIORITY",
                "MATCH",
                "LAG",
                "STATE"));
        for (MemberInfo member : seen.getMembersList()) {
            Optional<PeerProgress> peer = seen.getPeersList().stream()
                    .filter(p -> p.getReplicaId() == member.getReplicaId())
                    .findFirst();
            boolean self = member.getReplicaId() == seen.getReplicaId();
            boolean leading = seen.getLeaderId() == seen.getReplicaId();
            long match = self
                    ? seen.getDurableIndex()
                    : peer.map(PeerProgress::getMatchIndex).orElse(0L);
            String state =
                    self ? "HERE" : leading ? peer.map(RaftStatusCommand::state).orElse("?") : "?";
            String role =
                    !member.getVoter() ? "LEARNER" : member.getReplicaId() == seen.getLeaderId() ? "LEADER" : "VOTER";
            boolean known = self || leading;
            members.addObject()
                    .put("replicaId", member.getReplicaId())
                    .put("role", role)
                    .put("priority", member.getPriority())
                    .put("matchIndex", known ? match : 0)
                    .put("lagEntries", known ? seen.getLastIndex() - match : -1)
                    .put("state", state)
                    .put("caughtUp", self || peer.map(PeerProgress::getCaughtUp).orElse(false))
                    .put(
                            "hollow",
                            self
                                    ? seen.getHollow()
                                    : peer.map(PeerProgress::getHollow).orElse(false))
                    .put("address", member.getPeerAddress());
            text.append(String.format(
                    "%-8d %-8s %8d %12s %8s  %s%n",
                    member.getReplicaId(),
                    role,
                    member.getPriority(),
                    known ? Long.toString(match) : "?",
                    known ? Long.toString(seen.getLastIndex() - match) : "?",
                    state));
        }
        var retired = body.putArray("retiredIds");
        seen.getRetiredIdsList().forEach(retired::add);
        if (seen.getRetiredIdsCount() > 0) {
            text.append("ids that are used up: ")
                    .append(seen.getRetiredIdsList())
                    .append(System.lineSeparator());
        }
        common.output().one("RaftStatus", body, text::toString);
    }

    private static String flush(DescribeReplicaResponse seen) {
        return switch (seen.getFlush()) {
            case FLUSH_MODE_FSYNC -> "fsync";
            case FLUSH_MODE_ASYNC -> "async";
            case FLUSH_MODE_UNSPECIFIED, UNRECOGNIZED -> "?";
        };
    }

    private static String state(PeerProgress peer) {
        if (!peer.getReachable()) {
            return "UNREACHABLE";
        }
        return peer.getState()
                + (peer.getCaughtUp() ? ", caught up" : "")
                + (peer.getHollow() ? ", lacks messages" : "")
                + (peer.getDiskSlow() ? ", disk slow" : "");
    }
}
