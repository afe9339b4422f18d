package io.argosy.cli;

import io.argosy.client.ClusterDescription.Group;
import io.argosy.proto.v1.DescribeReplicaResponse;
import io.argosy.proto.v1.FlushMode;
import io.argosy.proto.v1.MemberInfo;
import java.time.Duration;
import java.util.Comparator;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Changes of a broker group's replicas: one at a time, each done when it is answered. */
final class MembershipCommands {

    private MembershipCommands() {}

    private static void tell(CommonOptions common, String what, int id, String text) {
        common.output().one(what, Output.object().put("replicaId", id), () -> text + System.lineSeparator());
    }

    /** {@code argosy raft add}. */
    @Command(
            name = "add",
            description = {
                "Adds a new replica as a learner: it gets all messages and does not vote yet.",
                "It must be running, with an empty data folder and an id that was never used in the group."
            },
            mixinStandardHelpOptions = true)
    static final class Add implements Runnable {
        @Mixin
        private final CommonOptions common = new CommonOptions();

        @Mixin
        private final GroupReplicas replicas = new GroupReplicas();

        @Option(
                names = "--replica",
                required = true,
                paramLabel = "N",
                converter = ReplicaIdConverter.class,
                description = "Id of the replica")
        private int id;

        @Mixin
        private final NewReplica replica = new NewReplica();

        @Override
        public void run() {
            try (AdminClient admin = common.admin()) {
                Group group = replicas.find(admin);
                GroupReplicas.add(admin, group, id, replica);
                tell(common, "ReplicaAdded", id, "replica " + id + " is a learner now; next: argosy raft promote");
            }
        }
    }

    /** {@code argosy raft promote}. */
    @Command(
            name = "promote",
            description = {"Makes a learner that has caught up a voter."},
            mixinStandardHelpOptions = true)
    static final class Promote implements Runnable {
        @Mixin
        private final CommonOptions common = new CommonOptions();

        @Mixin
        private final GroupReplicas replicas = new GroupReplicas();

        @Option(
                names = "--replica",
                required = true,
                paramLabel = "N",
                converter = ReplicaIdConverter.class,
                description = "Id of the replica")
        private int id;

        @Option(
                names = "--wait",
                paramLabel = "DURATION",
                defaultValue = "0s",
                converter = DurationConverter.class,
                description = "How long to wait until it has caught up (default: ${DEFAULT-VALUE})")
        private Duration wait = Duration.ZERO;

        @Override
        public void run() {
            try (AdminClient admin = common.admin()) {
                Group group = replicas.find(admin);
                GroupReplicas.promote(admin, group, id, wait, System::nanoTime, common::say);
                tell(common, "ReplicaPromoted", id, "replica " + id + " is a voter now");
            }
        }
    }

    /** {@code argosy raft remove}. */
    @Command(
            name = "remove",
            description = {
                "Removes a replica; its id is never used again.",
                "A leader that may be removed hands leadership over first."
            },
            mixinStandardHelpOptions = true)
    static final class Remove implements Runnable {
        @Mixin
        private final CommonOptions common = new CommonOptions();

        @Mixin
        private final GroupReplicas replicas = new GroupReplicas();

        @Option(
                names = "--replica",
                required = true,
                paramLabel = "N",
                converter = ReplicaIdConverter.class,
                description = "Id of the replica")
        private int id;

        @Override
        public void run() {
            try (AdminClient admin = common.admin()) {
                Group group = replicas.find(admin);
                GroupReplicas.remove(admin, group, id);
                tell(common, "ReplicaRemoved", id, "replica " + id + " is removed; its process can be stopped");
            }
        }
    }

    /** {@code argosy raft replace}. */
    @Command(
            name = "replace",
            description = {
                "Puts a new replica in the place of another: adds it, waits until it has caught up,",
                "promotes it, and removes the other one. May be repeated if it was interrupted."
            },
            mixinStandardHelpOptions = true)
    static final class Replace implements Runnable {
        @Mixin
        private final CommonOptions common = new CommonOptions();

        @Mixin
        private final GroupReplicas replicas = new GroupReplicas();

        @Option(
                names = "--replica",
                required = true,
                paramLabel = "N",
                converter = ReplicaIdConverter.class,
                description = "Id of the replica")
        private int id;

        @Option(
                names = "--with",
                required = true,
                paramLabel = "N",
                converter = ReplicaIdConverter.class,
                description = "Id of the new replica")
        private int newId;

        @Mixin
        private final NewReplica replica = new NewReplica();

        @Option(
                names = "--wait",
                paramLabel = "DURATION",
                defaultValue = "10m",
                converter = DurationConverter.class,
                description = "How long to wait until it has caught up (default: ${DEFAULT-VALUE})")
        private Duration wait = Duration.ZERO;

        @Override
        public void run() {
            try (AdminClient admin = common.admin()) {
                Group group = replicas.find(admin);
                GroupReplicas.checkMember(admin, group, id);
                DescribeReplicaResponse now = GroupReplicas.describe(admin, group);
                Optional<MemberInfo> member = GroupReplicas.member(now, newId);
                if (member.isPresent() && !member.get().getPeerAddress().equals(replica.peer())) {
                    throw new CommandFailure(
                            ExitCodes.REFUSED,
                            "replica " + newId + " is a member already, and not one that was added at "
                                    + replica.peer() + ": give the new replica an id that was never used, or remove"
                                    + " replica " + id + " with 'argosy raft remove'");
                }
                if (member.isEmpty()) {
                    GroupReplicas.add(admin, group, newId, replica);
                    common.say("replica " + newId + " is a learner, and catches up");
                }
                if (member.filter(MemberInfo::getVoter).isEmpty()) {
                    GroupReplicas.promote(admin, group, newId, wait, System::nanoTime, common::say);
                    common.say("replica " + newId + " is a voter");
                }
                GroupReplicas.remove(admin, group, id);
                tell(common, "ReplicaReplaced", id, "replica " + newId + " has replaced replica " + id);
            }
        }
    }

    /** {@code argosy raft priority}. */
    @Command(
            name = "priority",
            description = {
                "Sets who leads if it can: the replica with the highest priority.",
                "Leadership goes to it by itself once it has caught up."
            },
            mixinStandardHelpOptions = true)
    static final class Priority implements Runnable {
        @Mixin
        private final CommonOptions common = new CommonOptions();

        @Mixin
        private final GroupReplicas replicas = new GroupReplicas();

        @Option(
                names = "--replica",
                required = true,
                paramLabel = "N",
                converter = ReplicaIdConverter.class,
                description = "Id of the replica")
        private int id;

        @Option(
                names = "--priority",
                required = true,
                paramLabel = "P",
                converter = PriorityConverter.class,
                description = "0 to 255; 100 is what a replica has if nobody chose")
        private int priority;

        @Override
        public void run() {
            try (AdminClient admin = common.admin()) {
                Group group = replicas.find(admin);
                GroupReplicas.prioritise(admin, group, id, priority);
                tell(common, "ReplicaPrioritised", id, "replica " + id + " has priority " + priority);
            }
        }
    }

    /** {@code argosy raft flush}. */
    @Command(
            name = "flush",
            description = {
                "Sets when a message counts as stored, on all replicas of the group.",
                "fsync: once it is on the disks of a majority. async: once a majority has it in memory;",
                "what was acknowledged in the last moments is lost if on a majority of machines the power is lost, or a",
                "write to the disk fails, at once."
            },
            mixinStandardHelpOptions = true)
    static final class Flush implements Runnable {
        @Mixin
        private final CommonOptions common = new CommonOptions();

        @Mixin
        private final GroupReplicas replicas = new GroupReplicas();

        /** As on the command line. */
        private enum Mode {
            fsync,
            async
        }

        @Parameters(paramLabel = "fsync|async", description = "What the group shall do from now on")
        private Mode mode = Mode.fsync;

        @Override
        public void run() {
            FlushMode asked = switch (mode) {
                case fsync -> FlushMode.FLUSH_MODE_FSYNC;
                case async -> FlushMode.FLUSH_MODE_ASYNC;
            };
            try (AdminClient admin = common.admin()) {
                GroupReplicas.flush(admin, replicas.find(admin), asked);
                common.output()
                        .one(
                                "FlushChanged",
                                Output.object().put("flush", mode.name()),
                                () -> "the group flushes: " + mode + System.lineSeparator());
            }
        }
    }

    /** {@code argosy raft transfer}. */
    @Command(
            name = "transfer",
            description = {
                "Hands leadership over to a voter that has everything and a healthy disk.",
                "If another one has a higher priority, leadership soon goes on to that one."
            },
            mixinStandardHelpOptions = true)
    static final class Transfer implements Runnable {
        @Mixin
        private final CommonOptions common = new CommonOptions();

        @Mixin
        private final GroupReplicas replicas = new GroupReplicas();

        @Option(
                names = "--to",
                paramLabel = "N",
                converter = ReplicaIdConverter.class,
                description = "Id of the replica that shall lead (default: the fittest one)")
        private int to;

        @Override
        public void run() {
            try (AdminClient admin = common.admin()) {
                Group group = replicas.find(admin);
                GroupReplicas.transfer(admin, group, to);
                DescribeReplicaResponse seen = GroupReplicas.describe(admin, group);
                tell(common, "LeadershipTransferred", seen.getLeaderId(), transferred(to, seen));
            }
        }

        /** @param to 0 if nobody was chosen */
        static String transferred(int to, DescribeReplicaResponse seen) {
            int taken = to == 0 || seen.getLeaderId() == 0 ? seen.getLeaderId() : to;
            int priority = GroupReplicas.member(seen, taken)
                    .map(MemberInfo::getPriority)
                    .orElse(Integer.MAX_VALUE);
            Optional<MemberInfo> rival = seen.getMembersList().stream()
                    .filter(member -> member.getVoter() && member.getPriority() > priority)
                    .max(Comparator.comparingInt(MemberInfo::getPriority));
            String text = seen.getLeaderId() == taken
                    ? "replica " + taken + " leads"
                    : "replica " + taken + " took over, and by now replica " + seen.getLeaderId() + " leads";
            return text
                    + rival.map(higher -> " (replica " + higher.getReplicaId() + " has priority " + higher.getPriority()
                                    + " and may take over again; see 'argosy raft priority')")
                            .orElse("");
        }
    }
}
