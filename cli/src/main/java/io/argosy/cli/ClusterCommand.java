package io.argosy.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.argosy.client.ArgosyClient;
import io.argosy.client.ClusterDescription;
import io.argosy.client.ClusterDescription.Group;
import io.argosy.client.ClusterDescription.Replica;
import io.argosy.proto.v1.Catchup;
import io.argosy.proto.v1.DamageReport;
import io.argosy.proto.v1.DescribeReplicaRequest;
import io.argosy.proto.v1.DescribeReplicaResponse;
import io.argosy.proto.v1.PeerProgress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** The cluster as a whole. */
@Command(
        name = "cluster",
        description = "Shows the cluster.",
        mixinStandardHelpOptions = true,
        subcommands = ClusterCommand.Status.class)
final class ClusterCommand extends CommandGroup {

    /** {@code argosy cluster status}. */
    @Command(
            name = "status",
            description = {
                "Shows all broker groups and replicas: who leads, who lags or is silent, which disk is damaged.",
                "Ends with 5 if a replica is missing, silent, damaged or without a leader."
            },
            mixinStandardHelpOptions = true)
    static final class Status implements Callable<Integer> {
        @Mixin
        private final CommonOptions common = new CommonOptions();

        /** One replica: what the cluster says of it, and what it says of itself, or why it does not. */
        private record Seen(Group group, Replica replica, Optional<DescribeReplicaResponse> own, String problem) {

            /** As the leader knows it; empty if it is no learner. */
            Optional<PeerProgress> learner(DescribeReplicaResponse leader) {
                boolean learner = leader.getMembersList().stream()
                        .anyMatch(member -> member.getReplicaId() == replica.replicaId() && !member.getVoter());
                return GroupReplicas.progress(leader, replica.replicaId()).filter(peer -> learner);
            }

            /** Since it last answered its leader, in milliseconds, if it counts as gone there. */
            Optional<Long> silence(List<Seen> all) {
                return leaderOf(group, all)
                        .flatMap(leader -> GroupReplicas.progress(leader, replica.replicaId()))
                        .filter(PeerProgress::getSilent)
                        .map(PeerProgress::getSilentMillis);
            }

            boolean isDamaged() {
                return own.map(o -> o.getDamageCount() > 0).orElse(false);
            }

            String role(List<Seen> all) {
                if (own.isPresent()) {
                    // Who reads the log from its beginning does not know yet that it was added.
                    return leaderOf(group, all).flatMap(this::learner).isPresent()
                            ? "LEARNER"
                            : own.get().getRole();
                }
                return group.leaderId().filter(id -> id == replica.replicaId()).isPresent() ? "LEADER" : "?";
            }
        }

        /** What the group's leader says of its group; empty if there is none that answers. */
        private static Optional<DescribeReplicaResponse> leaderOf(Group group, List<Seen> all) {
            return all.stream()
                    .filter(each -> each.group.equals(group))
                    .flatMap(each -> each.own.stream())
                    .filter(own -> own.getRole().equals("LEADER"))
                    .findFirst();
        }

        @Override
        public Integer call() {
            ClusterDescription cluster;
            try (ArgosyClient client = common.client()) {
                cluster = client.describeCluster(common.timeout());
            }
            List<Seen> seen = new ArrayList<>();
            boolean asking = common.secretFile().isPresent();
            if (asking) {
                try (AdminClient admin = common.admin()) {
                    for (Group group : cluster.groups()) {
                        group.replicas().forEach(replica -> seen.add(ask(admin, group, replica)));
                    }
                }
            } else {
                for (Group group : cluster.groups()) {
                    group.replicas()
                            .forEach(replica -> seen.add(new Seen(
                                    group, replica, Optional.empty(), replica.connected() ? "" : "not connected")));
                }
                common.say("without --secret-file only names and leaders are known, not terms, lag and disks");
            }
            List<String> problems = problems(cluster, seen);
            show(cluster, seen, problems);
            return problems.isEmpty() ? ExitCodes.OK : ExitCodes.PARTIAL;
        }

        private static Seen ask(AdminClient admin, Group group, Replica replica) {
            try {
                DescribeReplicaResponse own = admin.askAt(
                        replica.adminAddress(),
                        stub -> stub.describeReplica(DescribeReplicaRequest.getDefaultInstance()),
                        DescribeReplicaResponse::getStatus);
                return new Seen(group, replica, Optional.of(own), "");
            } catch (CommandFailure e) {
                if (e.exitCode() == ExitCodes.REFUSED) {
                    throw e;
                }
                return new Seen(group, replica, Optional.empty(), String.valueOf(e.getMessage()));
            }
        }

        private static List<String> problems(ClusterDescription cluster, List<Seen> seen) {
            List<String> problems = new ArrayList<>();
            if (cluster.groups().isEmpty()) {
                problems.add("no broker group is registered");
            }
            for (Group group : cluster.groups()) {
                leaderless(group, seen).ifPresent(problems::add);
            }
            for (Seen each : seen) {
                String name = each.group.name() + "/" + each.replica.replicaId();
                each.silence(seen)
                        .ifPresent(millis ->
                                problems.add("replica " + name + " is silent: the last answer to its leader is "
                                        + RaftStatusCommand.seconds(millis) + " old"));
                if (!each.problem.isEmpty()) {
                    problems.add("replica " + name + ": " + each.problem);
                }
                each.own.ifPresent(own -> {
                    for (DamageReport damage : own.getDamageList()) {
                        problems.add("DAMAGE on replica " + name + ": entries " + damage.getFromIndex() + " to "
                                + damage.getToIndex() + " in " + damage.getFile() + " (" + damage.getDetail()
                                + "); they are not served from this replica");
                    }
                    if (own.hasCatchup()) {
                        problems.add("replica " + name + " fetches " + progress(own.getCatchup()));
                    } else if (own.getHollow()) {
                        problems.add("replica " + name + " lacks the log before entry " + own.getFirstIndex());
                    } else {
                        leaderOf(each.group, seen)
                                .flatMap(leader -> each.learner(leader)
                                        .filter(peer -> !peer.getCaughtUp())
                                        .map(peer -> "replica " + name + " catches up: it holds entries up to "
                                                + peer.getMatchIndex() + " of " + leader.getLastIndex()))
                                .ifPresent(problems::add);
                    }
                });
            }
            return problems;
        }

        /** Name servers may not know yet of a leader that is gone: the replicas' own word counts more. */
        private static Optional<String> leaderless(Group group, List<Seen> seen) {
            List<DescribeReplicaResponse> answers = seen.stream()
                    .filter(each -> each.group.equals(group))
                    .flatMap(each -> each.own.stream())
                    .toList();
            String has = "group " + group.name() + " has ";
            if (answers.stream().allMatch(own -> own.getLeaderId() == 0)) {
                Optional<String> lacks =
                        Leaderless.knowsMost(answers).map(knowing -> has + Leaderless.problem(knowing, answers));
                if (lacks.isPresent()) {
                    return lacks;
                }
            }
            return group.leaderId().isEmpty() ? Optional.of(has + "no leader") : Optional.empty();
        }

        private static String progress(Catchup catchup) {
            String of = catchup.getTotalBytes() > 0 ? " of " + catchup.getTotalBytes() : "";
            return catchup.getWhat() + " from replica " + catchup.getFromReplica() + ": " + catchup.getDoneBytes() + of
                    + " bytes";
        }

        private void show(ClusterDescription cluster, List<Seen> seen, List<String> problems) {
            ObjectNode body = Output.object().put("healthy", problems.isEmpty());
            var reasons = body.putArray("problems");
            problems.forEach(reasons::add);
            var groups = body.putArray("groups");
            for (Group group : cluster.groups()) {
                ObjectNode node = groups.addObject()
                        .put("name", group.name())
                        .put("uuid", group.uuid())
                        .put("term", group.term());
                node.put("leaderId", group.leaderId().orElse(0));
                var replicas = node.putArray("replicas");
                seen.stream().filter(each -> each.group.equals(group)).forEach(each -> replicas.add(json(each, seen)));
            }
            common.output().one("ClusterStatus", body, () -> text(seen, problems));
        }

        private static long commit(List<Seen> seen, Group group) {
            return seen.stream()
                    .filter(each -> each.group.equals(group))
                    .flatMap(each -> each.own.stream())
                    .mapToLong(DescribeReplicaResponse::getCommitIndex)
                    .max()
                    .orElse(0);
        }

        private static ObjectNode json(Seen each, List<Seen> seen) {
            ObjectNode node = Output.object()
                    .put("replicaId", each.replica.replicaId())
                    .put("clientAddress", each.replica.clientAddress())
                    .put("adminAddress", each.replica.adminAddress())
                    .put("role", each.role(seen))
                    .put("problem", each.problem);
            each.silence(seen).ifPresent(millis -> node.put("silentMillis", millis));
            each.own.ifPresent(own -> {
                node.put("term", own.getTerm())
                        .put("firstIndex", own.getFirstIndex())
                        .put("lastIndex", own.getLastIndex())
                        .put("durableIndex", own.getDurableIndex())
                        .put("commitIndex", own.getCommitIndex())
                        .put("appliedIndex", own.getAppliedIndex())
                        .put("logBytes", own.getLogBytes())
                        .put("disk", own.getDiskState())
                        .put("uptimeMillis", own.getUptimeMillis())
                        .put("argosy", own.getVersion());
                node.put("hollow", own.getHollow());
                if (own.hasCatchup()) {
                    node.putObject("catchup")
                            .put("what", own.getCatchup().getWhat())
                            .put("from", own.getCatchup().getFromReplica())
                            .put("doneBytes", own.getCatchup().getDoneBytes())
                            .put("totalBytes", own.getCatchup().getTotalBytes());
                }
                var damage = node.putArray("damage");
                own.getDamageList()
                        .forEach(d -> damage.add(Output.object()
                                .put("file", d.getFile())
                                .put("fromIndex", d.getFromIndex())
                                .put("toIndex", d.getToIndex())
                                .put("detail", d.getDetail())));
            });
            return node;
        }

        private static String text(List<Seen> seen, List<String> problems) {
            StringBuilder text = new StringBuilder();
            for (String problem : problems) {
                text.append("!! ").append(problem).append(System.lineSeparator());
            }
            if (!problems.isEmpty()) {
                text.append(System.lineSeparator());
            }
            List<List<String>> rows = new ArrayList<>();
            for (Seen each : seen) {
                List<String> row = new ArrayList<>(List.of(
                        each.group.name() + "/" + each.replica.replicaId(),
                        each.replica.clientAddress(),
                        each.isDamaged() ? each.role(seen) + " DAMAGED" : each.role(seen)));
                if (each.own.isPresent()) {
                    DescribeReplicaResponse own = each.own.get();
                    long commit = commit(seen, each.group);
                    row.addAll(List.of(
                            Long.toString(own.getTerm()),
                            Long.toString(own.getLastIndex()),
                            Long.toString(own.getCommitIndex()),
                            Long.toString(own.getAppliedIndex()),
                            Long.toString(Math.max(0, commit - own.getAppliedIndex())),
                            Long.toString(own.getLogBytes() >> 20),
                            own.getDiskState().isEmpty() ? "-" : own.getDiskState()));
                } else {
                    row.addAll(List.of("-", "-", "-", "-", "-", "-", each.problem.isEmpty() ? "-" : "?"));
                }
                rows.add(row);
            }
            return text
                    + Output.table(
                            List.of(
                                    "REPLICA",
                                    "CLIENT ADDRESS",
                                    "ROLE",
                                    "TERM",
                                    "LAST",
                                    "COMMIT",
                                    "APPLIED",
                                    "LAG",
                                    "LOG MIB",
                                    "DISK"),
                            rows);
        }
    }
}
