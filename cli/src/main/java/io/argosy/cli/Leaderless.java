package io.argosy.cli;

import io.argosy.proto.v1.DescribeReplicaResponse;
import io.argosy.proto.v1.MemberInfo;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** What a broker group without a leader lacks, in words: judged from what those of its replicas say that answer. */
final class Leaderless {

    /** Roles of those that answer and cannot vote. */
    private static final Set<String> NO_VOTE = Set.of("FAILED", "STRANGER", "UNBORN");

    private Leaderless() {}

    static boolean leads(DescribeReplicaResponse seen) {
        return seen.getRole().equals("LEADER");
    }

    /** Whoever was asked first may be cut off from a leader that there is, or be empty and know no members. */
    static Optional<DescribeReplicaResponse> knowsMost(List<DescribeReplicaResponse> answers) {
        return answers.stream()
                .max(Comparator.comparing(Leaderless::leads)
                        .thenComparingLong(DescribeReplicaResponse::getCommitIndex));
    }

    /**
     * How many voters answer, how many it takes, and what to do.
     *
     * @param seen the one that knows most
     */
    static String problem(DescribeReplicaResponse seen, List<DescribeReplicaResponse> answers) {
        if (seen.getMembersCount() == 0) {
            return "no leader: nobody that answers knows the members; start the other replicas";
        }
        Map<Integer, String> roles = answers.stream()
                .collect(Collectors.toMap(
                        DescribeReplicaResponse::getReplicaId, DescribeReplicaResponse::getRole, (one, other) -> one));
        List<String> missing = new ArrayList<>();
        int voters = 0;
        for (MemberInfo member : seen.getMembersList()) {
            if (!member.getVoter()) {
                continue;
            }
            voters++;
            Optional<String> role = Optional.ofNullable(roles.get(member.getReplicaId()));
            if (role.isEmpty()) {
                missing.add(Integer.toString(member.getReplicaId()));
            } else if (NO_VOTE.contains(role.get())) {
                missing.add(member.getReplicaId() + " (" + role.get() + ")");
            }
        }
        int answering = voters - missing.size();
        int needed = voters / 2 + 1;
        return "no leader: " + answering + " of " + voters + " voters answer, " + needed + " needed; "
                + (answering < needed
                        ? "start " + String.join(", ", missing)
                        : "an election takes a second: try again, and if it stays so see 'argosy cluster status'");
    }
}
