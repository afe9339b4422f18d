package io.argosy.cli;

import io.argosy.client.ClusterDescription.Group;
import io.argosy.proto.v1.AddLearner;
import io.argosy.proto.v1.AdminGrpc.AdminBlockingStub;
import io.argosy.proto.v1.AdminStatus;
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
import java.util.function.Function;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The replicas of one broker group, and what is changed about them. Every change is one call to the leader. */
final class GroupReplicas {

    private static final long PAUSE_MILLIS = 200;
    private static final long SAY_NANOS = TimeUnit.SECONDS.toNanos(1);

    /** A new leader is not ready for changes at once. */
    private static final Duration MOMENTS = Duration.ofSeconds(5);

    private static final List<String> PASSING =
            List.of("TERM_NOT_OPEN", "CHANGE_UNDER_WAY", "TRANSFER_UNDER_WAY", "NOT_HEARD_YET");
    private static final List<String> CATCHING_UP = List.of(
            "NOT_CAUGHT_UP",
            "HOLLOW",
            "UNREACHABLE",
            "TERM_NOT_OPEN",
            "CHANGE_UNDER_WAY",
            "TRANSFER_UNDER_WAY",
            "NOT_HEARD_YET");

    @Option(names = "--broker-group", paramLabel = "NAME", description = "Broker group; needed if there are several")
    private @Nullable String groupName;

    Group find(AdminClient admin) {
        return admin.group(Optional.ofNullable(groupName));
    }

    static void change(AdminClient admin, Group group, ChangeMembershipRequest request) {
        insist(admin, group, change(request), new Patience(PASSING, MOMENTS, System::nanoTime, said -> {}));
    }

    private static Request<ChangeMembershipResponse> change(ChangeMembershipRequest request) {
        return new Request<>(
                stub -> stub.changeMembership(request),
                ChangeMembershipResponse::getStatus,
                ChangeMembershipResponse::getReason);
    }

    private record Request<T>(
            Function<AdminBlockingStub, T> call, Function<T, AdminStatus> status, Function<T, String> reason) {}

    /**
     * @param passing reasons of refusals that pass by themselves
     * @param progress told of them, each second that there is another one
     */
    private record Patience(List<String> passing, Duration atMost, LongSupplier nanoClock, Consumer<String> progress) {}

    /** Asks again while the refusal is one that passes. */
    private static <T> void insist(AdminClient admin, Group group, Request<T> request, Patience patience) {
        long begunNanos = patience.nanoClock.getAsLong();
        long saidNanos = begunNanos;
        String said = "";
        while (true) {
            String[] reason = {""};
            try {
                admin.ask(
                        group,
                        stub -> {
                            T answer = request.call.apply(stub);
                            reason[0] = request.reason.apply(answer);
                            return answer;
                        },
                        request.status);
                return;
            } catch (CommandFailure e) {
                long now = patience.nanoClock.getAsLong();
                if (!patience.passing.contains(reason[0]) || now - begunNanos >= patience.atMost.toNanos()) {
                    throw e;
                }
                String lacks = String.valueOf(e.getMessage());
                if (!lacks.equals(said) && now - saidNanos >= SAY_NANOS) {
                    patience.progress.accept(lacks);
                    said = lacks;
                    saidNanos = now;
                }
            }
            pause();
        }
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
        Request<TransferLeadershipResponse> asked = new Request<>(
                stub -> stub.transferLeadership(request),
                TransferLeadershipResponse::getStatus,
                TransferLeadershipResponse::getReason);
        insist(admin, group, asked, new Patience(PASSING, MOMENTS, System::nanoTime, said -> {}));
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
        insist(admin, group, change(request), new Patience(CATCHING_UP, wait, nanoClock, progress));
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
