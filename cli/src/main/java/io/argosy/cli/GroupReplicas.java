package io.argosy.cli;

import io.argosy.client.ClusterDescription.Group;
import io.argosy.proto.v1.AddLearner;
import io.argosy.proto.v1.ChangeMembershipRequest;
import io.argosy.proto.v1.ChangeMembershipResponse;
import io.argosy.proto.v1.DescribeReplicaRequest;
import io.argosy.proto.v1.DescribeReplicaResponse;
import io.argosy.proto.v1.Prioritise;
import io.argosy.proto.v1.TransferLeadershipRequest;
import io.argosy.proto.v1.TransferLeadershipResponse;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The replicas of one broker group, and what is changed about them. Every change is one call to the leader. */
final class GroupReplicas {

    private static final long PAUSE_MILLIS = 200;
    private static final long SAY_NANOS = TimeUnit.SECONDS.toNanos(1);

    @Option(names = "--broker-group", paramLabel = "NAME", description = "Broker group; needed if there are several")
    private @Nullable String groupName;

    Group find(AdminClient admin) {
        return admin.group(Optional.ofNullable(groupName));
    }

    static void change(AdminClient admin, Group group, ChangeMembershipRequest request) {
        admin.ask(group, stub -> stub.changeMembership(request), ChangeMembershipResponse::getStatus);
    }

    static void add(AdminClient admin, Group group, int id, NewReplica replica) {
        change(
                admin,
                group,
                ChangeMembershipRequest.newBuilder()
                        .setAddLearner(AddLearner.newBuilder()
                                .setReplicaId(id)
                                .setPeerAddress(replica.peer())
                                .setClientAddress(replica.client())
                                .setAdminAddress(replica.admin()))
                        .build());
    }

    static void remove(AdminClient admin, Group group, int id) {
        change(
                admin,
                group,
                ChangeMembershipRequest.newBuilder().setRemoveId(id).build());
    }

    static void prioritise(AdminClient admin, Group group, int id, int priority) {
        change(
                admin,
                group,
                ChangeMembershipRequest.newBuilder()
                        .setPrioritise(Prioritise.newBuilder().setReplicaId(id).setPriority(priority))
                        .build());
    }

    static void transfer(AdminClient admin, Group group, int to) {
        TransferLeadershipRequest request =
                TransferLeadershipRequest.newBuilder().setToId(to).build();
        admin.ask(group, stub -> stub.transferLeadership(request), TransferLeadershipResponse::getStatus);
    }

    /**
     * Waits until the replica has caught up, at most so long, then promotes it.
     *
     * @param progress told what it still lacks, every second that it lacks something else
     */
    static void promote(
            AdminClient admin, Group group, int id, Duration wait, LongSupplier nanoClock, Consumer<String> progress) {
        ChangeMembershipRequest request =
                ChangeMembershipRequest.newBuilder().setPromoteId(id).build();
        long deadlineNanos = nanoClock.getAsLong() + wait.toNanos();
        String said = "";
        long saidNanos = nanoClock.getAsLong();
        while (true) {
            String[] reason = {""};
            try {
                admin.ask(
                        group,
                        stub -> {
                            ChangeMembershipResponse answer = stub.changeMembership(request);
                            reason[0] = answer.getReason();
                            return answer;
                        },
                        ChangeMembershipResponse::getStatus);
                return;
            } catch (CommandFailure e) {
                boolean passes = List.of("NOT_CAUGHT_UP", "HOLLOW", "CHANGE_UNDER_WAY", "TERM_NOT_OPEN", "UNREACHABLE")
                        .contains(reason[0]);
                if (!passes || nanoClock.getAsLong() - deadlineNanos >= 0) {
                    throw e;
                }
                String lacks = String.valueOf(e.getMessage());
                if (!lacks.equals(said) && nanoClock.getAsLong() - saidNanos >= SAY_NANOS) {
                    progress.accept(lacks);
                    said = lacks;
                    saidNanos = nanoClock.getAsLong();
                }
            }
            pause();
        }
    }

    /** What the leader says, or, without one, any replica. */
    static DescribeReplicaResponse describe(AdminClient admin, Group group) {
        return admin.ask(
                group,
                stub -> stub.describeReplica(DescribeReplicaRequest.getDefaultInstance()),
                DescribeReplicaResponse::getStatus);
    }

    private static void pause() {
        try {
            TimeUnit.MILLISECONDS.sleep(PAUSE_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CommandFailure(ExitCodes.FAILED, "interrupted");
        }
    }
}
