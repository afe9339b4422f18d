package io.argosy.cli;

import io.argosy.client.ClusterDescription.Group;
import io.argosy.client.ClusterDescription.Replica;
import io.argosy.proto.v1.AddLearner;
import io.argosy.proto.v1.AdminCode;
import io.argosy.proto.v1.AdminGrpc.AdminBlockingStub;
import io.argosy.proto.v1.AdminStatus;
import io.argosy.proto.v1.ChangeMembershipRequest;
import io.argosy.proto.v1.ChangeMembershipResponse;
import io.argosy.proto.v1.DescribeReplicaRequest;
import io.argosy.proto.v1.DescribeReplicaResponse;
import io.argosy.proto.v1.FlushMode;
import io.argosy.proto.v1.MemberInfo;
import io.argosy.proto.v1.PeerProgress;
import io.argosy.proto.v1.Prioritise;
import io.argosy.proto.v1.TransferLeadershipRequest;
import io.argosy.proto.v1.TransferLeadershipResponse;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.ArrayList;
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

    /** A new leader has heard of nobody, and one that is asked to lead may be busy: mostly true only for a moment. */
    private static final List<String> SETTLING = List.of("QUORUM_AT_RISK", "UNREACHABLE", "NO_SUCCESSOR", "NO_ANSWER");

    private static final long SETTLING_NANOS = TimeUnit.SECONDS.toNanos(2);

    private static final List<String> PASSING =
            List.of("TERM_NOT_OPEN", "CHANGE_UNDER_WAY", "TRANSFER_UNDER_WAY", "NOT_HEARD_YET");
    /** None, that there is no such replica, and what is said before anybody looks. */
    private static final List<String> MAY_HIDE_UNKNOWN =
            List.of("", "UNKNOWN_REPLICA", "TERM_NOT_OPEN", "CHANGE_UNDER_WAY", "TRANSFER_UNDER_WAY");

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

    /** A new leader is not ready for changes at once, and an election takes a moment: as long as the command may try. */
    private static Patience moments(AdminClient admin) {
        return new Patience(PASSING, admin.timeout(), System::nanoTime, said -> {});
    }

    private static Request<ChangeMembershipResponse> change(ChangeMembershipRequest request, String done) {
        return new Request<>(
                stub -> stub.changeMembership(request),
                ChangeMembershipResponse::getStatus,
                ChangeMembershipResponse::getReason,
                done);
    }

    /** @param done how the request is refused if it was carried out before */
    private record Request<T>(
            Function<AdminBlockingStub, T> call,
            Function<T, AdminStatus> status,
            Function<T, String> reason,
            String done) {}

    /**
     * @param passing reasons of refusals that pass by themselves
     * @param progress told of them, each second that there is another one
     */
    private record Patience(List<String> passing, Duration atMost, LongSupplier nanoClock, Consumer<String> progress) {}

    /** One request, until it is carried out, refused for good, or time is up. */
    private static final class Insistence<T> {
        private final Request<T> request;
        private final Patience patience;
        private AdminCode code = AdminCode.ADMIN_CODE_OK;
        private String reason = "";
        /** An attempt ended without an answer that says what became of it. */
        private boolean maybeDone;

        Insistence(Request<T> request, Patience patience) {
            this.request = request;
            this.patience = patience;
        }

        /** Returns what a leader answered; empty if only what followed shows that it was carried out. */
        Optional<T> run(AdminClient admin, Group group) {
            long begunNanos = patience.nanoClock.getAsLong();
            long saidNanos = begunNanos;
            String said = "";
            while (true) {
                code = AdminCode.ADMIN_CODE_OK;
                reason = "";
                try {
                    return Optional.of(admin.ask(group, this::attempt, request.status));
                } catch (CommandFailure e) {
                    if (maybeDone && !reason.isEmpty() && reason.equals(request.done)) {
                        return Optional.empty();
                    }
                    long now = patience.nanoClock.getAsLong();
                    String lacks = String.valueOf(e.getMessage());
                    if (!passes(now - begunNanos)) {
                        if (lacks.equals(said)) {
                            throw new CommandFailure(e.exitCode(), "time is up, and nothing has changed since");
                        }
                        throw e;
                    }
                    // What may be refused for good in a moment is said then, and once.
                    if (patience.passing.contains(reason) && !lacks.equals(said) && now - saidNanos >= SAY_NANOS) {
                        patience.progress.accept(lacks);
                        said = lacks;
                        saidNanos = now;
                    }
                }
                pause();
            }
        }

        private T attempt(AdminBlockingStub stub) {
            try {
                T answer = request.call.apply(stub);
                code = request.status.apply(answer).getCode();
                reason = request.reason.apply(answer);
                maybeDone |= code == AdminCode.ADMIN_CODE_UNKNOWN_OUTCOME;
                return answer;
            } catch (StatusRuntimeException e) {
                // It may have been on its way when the connection broke or time ran out.
                maybeDone = true;
                throw e;
            }
        }

        private boolean passes(long triedNanos) {
            boolean elsewhere = code == AdminCode.ADMIN_CODE_NO_LEADER || code == AdminCode.ADMIN_CODE_UNKNOWN_OUTCOME;
            return (triedNanos < patience.atMost.toNanos() && (elsewhere || patience.passing.contains(reason)))
                    || (triedNanos < SETTLING_NANOS && SETTLING.contains(reason));
        }
    }

    /** As the replica that was asked knows the members. */
    static Optional<MemberInfo> member(DescribeReplicaResponse seen, int id) {
        return seen.getMembersList().stream()
                .filter(member -> member.getReplicaId() == id)
                .findFirst();
    }

    /** What the replica that was asked knows of another one: of use if it leads. */
    static Optional<PeerProgress> progress(DescribeReplicaResponse seen, int id) {
        return seen.getPeersList().stream()
                .filter(peer -> peer.getReplicaId() == id)
                .findFirst();
    }

    static void add(AdminClient admin, Group group, int id, NewReplica replica) {
        // The leader looks who answers at the peer address, and takes the others as they are.
        replica.givenAdmin().ifPresent(address -> checkAdmin(admin, id, address));
        ChangeMembershipRequest request = ChangeMembershipRequest.newBuilder()
                .setAddLearner(AddLearner.newBuilder()
                        .setReplicaId(id)
                        .setPeerAddress(replica.peer())
                        .setClientAddress(replica.client())
                        .setAdminAddress(replica.admin()))
                .build();
        Insistence<ChangeMembershipResponse> insistence = new Insistence<>(change(request, "ID_TAKEN"), moments(admin));
        try {
            insistence.run(admin, group);
        } catch (CommandFailure e) {
            if (!insistence.reason.equals("UNREACHABLE")) {
                throw e;
            }
            Optional<Integer> who = replicaWithAdminPort(admin, replica.peer());
            if (who.isPresent()) {
                throw new CommandFailure(
                        ExitCodes.REFUSED,
                        replica.peer() + " is the admin port of replica " + who.get()
                                + ", and --peer takes its peer port: by default that is one below, "
                                + replica.beside(-1));
            }
            throw e;
        }
    }

    private static void checkAdmin(AdminClient admin, int id, String address) {
        int found;
        try {
            found = admin.askAt(
                            address,
                            stub -> stub.describeReplica(DescribeReplicaRequest.getDefaultInstance()),
                            DescribeReplicaResponse::getStatus)
                    .getReplicaId();
        } catch (CommandFailure e) {
            if (e.exitCode() != ExitCodes.NOT_REACHABLE) {
                throw e;
            }
            throw new CommandFailure(
                    ExitCodes.REFUSED,
                    "replica " + id + " cannot be asked at --admin " + address + ": " + e.getMessage());
        }
        if (found != id) {
            throw new CommandFailure(
                    ExitCodes.REFUSED,
                    "what answers at " + address + " is replica " + found + ", not " + id
                            + ": give the admin address of replica " + id);
        }
    }

    private static Optional<Integer> replicaWithAdminPort(AdminClient admin, String address) {
        try {
            return Optional.of(admin.askAt(
                            address,
                            stub -> stub.describeReplica(DescribeReplicaRequest.getDefaultInstance()),
                            DescribeReplicaResponse::getStatus)
                    .getReplicaId());
        } catch (CommandFailure e) {
            // Nobody's, then; what the leader said of the address stands.
            return Optional.empty();
        }
    }

    /**
     * Removes a replica. One that leads hands leadership over first, so that sends go on without a gap; but nothing is
     * handed over for a removal that the leader would refuse.
     */
    static void remove(AdminClient admin, Group group, int id) {
        boolean leads = new Insistence<>(change(judgeRemoval(id), ""), moments(admin))
                .run(admin, group)
                .filter(judged -> judged.getLeaderId() == id)
                .isPresent();
        if (leads) {
            transfer(admin, group, 0);
        }
        ChangeMembershipRequest request =
                ChangeMembershipRequest.newBuilder().setRemoveId(id).build();
        new Insistence<>(change(request, "UNKNOWN_REPLICA"), moments(admin)).run(admin, group);
    }

    /** Fails if the leader knows no such replica; what else forbids its removal now may be gone once another one votes. */
    static void checkMember(AdminClient admin, Group group, int id) {
        ChangeMembershipRequest request = judgeRemoval(id);
        new Insistence<>(
                        new Request<>(
                                stub -> stub.changeMembership(request),
                                judged -> MAY_HIDE_UNKNOWN.contains(judged.getReason())
                                        ? judged.getStatus()
                                        : AdminStatus.getDefaultInstance(),
                                ChangeMembershipResponse::getReason,
                                ""),
                        moments(admin))
                .run(admin, group);
    }

    private static ChangeMembershipRequest judgeRemoval(int id) {
        return ChangeMembershipRequest.newBuilder().setJudgeRemovalId(id).build();
    }

    static void prioritise(AdminClient admin, Group group, int id, int priority) {
        ChangeMembershipRequest request = ChangeMembershipRequest.newBuilder()
                .setPrioritise(Prioritise.newBuilder().setReplicaId(id).setPriority(priority))
                .build();
        // Done twice it is done.
        new Insistence<>(change(request, ""), moments(admin)).run(admin, group);
    }

    static void flush(AdminClient admin, Group group, FlushMode mode) {
        ChangeMembershipRequest request =
                ChangeMembershipRequest.newBuilder().setFlush(mode).build();
        // Done twice it is done.
        new Insistence<>(change(request, ""), moments(admin)).run(admin, group);
    }

    static void transfer(AdminClient admin, Group group, int to) {
        TransferLeadershipRequest request =
                TransferLeadershipRequest.newBuilder().setToId(to).build();
        Request<TransferLeadershipResponse> asked = new Request<>(
                stub -> stub.transferLeadership(request),
                TransferLeadershipResponse::getStatus,
                TransferLeadershipResponse::getReason,
                "ALREADY_LEADER");
        new Insistence<>(asked, moments(admin)).run(admin, group);
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
        Patience patience = wait.isZero() ? moments(admin) : new Patience(CATCHING_UP, wait, nanoClock, progress);
        new Insistence<>(change(request, "ALREADY_VOTER"), patience).run(admin, group);
    }

    /** What each replica says that answers. */
    static List<DescribeReplicaResponse> describeAll(AdminClient admin, Group group) {
        List<DescribeReplicaResponse> all = new ArrayList<>();
        for (Replica replica : group.replicas()) {
            if (replica.adminAddress().isEmpty()) {
                continue;
            }
            try {
                all.add(admin.askAt(
                        replica.adminAddress(),
                        stub -> stub.describeReplica(DescribeReplicaRequest.getDefaultInstance()),
                        DescribeReplicaResponse::getStatus));
            } catch (CommandFailure e) {
                if (e.exitCode() != ExitCodes.NOT_REACHABLE) {
                    throw e;
                }
            }
        }
        return all;
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
