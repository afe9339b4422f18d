package io.argosy.cli;

import io.argosy.client.ClusterDescription.Group;
import io.argosy.proto.v1.DescribeReplicaResponse;
import io.argosy.proto.v1.MemberInfo;
import io.argosy.proto.v1.PeerProgress;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code argosy raft status}. */
@Command(
        name = "status",
        description = {
            "Shows the members of a broker group as its leader sees them, and how far each one is.",
            "Silent is who has not answered the leader for so long that it counts as gone.",
            "Ends with 5 if the group has no leader."
        },
        mixinStandardHelpOptions = true)
final class RaftStatusCommand implements Callable<Integer> {

    @Mixin
    private final CommonOptions common = new CommonOptions();

    @Mixin
    private final GroupReplicas replicas = new GroupReplicas();

    @Override
    public Integer call() {
        DescribeReplicaResponse seen;
        String problem = "";
        try (AdminClient admin = common.admin()) {
            Group group = replicas.find(admin);
            seen = GroupReplicas.describe(admin, group);
            if (seen.getLeaderId() == 0) {
                List<DescribeReplicaResponse> answers = GroupReplicas.describeAll(admin, group);
                seen = Leaderless.knowsMost(answers).orElse(seen);
                problem = Leaderless.leads(seen) ? "" : Leaderless.problem(seen, answers);
            }
        }
        show(seen, problem);
        return problem.isEmpty() ? ExitCodes.OK : ExitCodes.PARTIAL;
    }

    private void show(DescribeReplicaResponse seen, String problem) {
        var body = Output.object()
                .put("group", seen.getGroupName())
                .put("seenBy", seen.getReplicaId())
                .put("leaderId", seen.getLeaderId())
                .put("term", seen.getTerm())
                .put("lastIndex", seen.getLastIndex())
                .put("commitIndex", seen.getCommitIndex())
                .put("handingOverTo", seen.getHandingOverTo())
                .put("flush", flush(seen))
                .put("problem", problem);
        var members = body.putArray("members");
        StringBuilder text = new StringBuilder();
        if (!problem.isEmpty()) {
            text.append("!! ").append(problem).append(System.lineSeparator());
        }
        text.append(String.format(
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
            Optional<PeerProgress> peer = GroupReplicas.progress(seen, member.getReplicaId());
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
                    .put(
                            "caughtUp",
                            self
                                    || peer.filter(p -> p.getCaughtUp() && !p.getSilent())
                                            .isPresent())
                    .put("silent", leading && peer.map(PeerProgress::getSilent).orElse(false))
                    .put(
                            "silentMillis",
                            leading ? peer.map(PeerProgress::getSilentMillis).orElse(0L) : 0L)
                    .put(
                            "neverAnswered",
                            leading && peer.map(PeerProgress::getNeverAnswered).orElse(false))
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

    static String state(PeerProgress peer) {
        String silent = peer.getSilent() ? ", " + silence(peer) : "";
        if (!peer.getReachable()) {
            return "UNREACHABLE" + silent;
        }
        return peer.getState()
                + silent
                + (peer.getCaughtUp() && !peer.getSilent() ? ", caught up" : "")
                + (peer.getHollow() ? ", lacks messages" : "")
                + (peer.getDiskSlow() ? ", disk slow" : "");
    }

    /** A new leader doesn't know for how long somebody was silent before. */
    private static String silence(PeerProgress peer) {
        String span = seconds(peer.getSilentMillis());
        if (!peer.getNeverAnswered()) {
            return "silent " + span;
        }
        return peer.getStanding().equals("LEARNER")
                ? "no answer to this leader yet, " + span
                : "silent since this leader leads, " + span;
    }

    /** For people. */
    static String seconds(long millis) {
        return String.format(Locale.ROOT, "%.1f s", millis / 1e3);
    }
}
