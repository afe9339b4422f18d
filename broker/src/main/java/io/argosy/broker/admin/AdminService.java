package io.argosy.broker.admin;

import io.argosy.broker.command.Command;
import io.argosy.broker.command.CreateTopic;
import io.argosy.broker.command.DeleteTopic;
import io.argosy.broker.consume.GroupViews.GroupView;
import io.argosy.broker.consume.GroupViews.QueueView;
import io.argosy.broker.topic.TopicLimits;
import io.argosy.broker.topic.TopicOutcome;
import io.argosy.broker.topic.TopicView;
import io.argosy.proto.v1.AddLearner;
import io.argosy.proto.v1.AdminCode;
import io.argosy.proto.v1.AdminGrpc;
import io.argosy.proto.v1.AdminStatus;
import io.argosy.proto.v1.BootstrapRequest;
import io.argosy.proto.v1.BootstrapResponse;
import io.argosy.proto.v1.Catchup;
import io.argosy.proto.v1.ChangeMembershipRequest;
import io.argosy.proto.v1.ChangeMembershipResponse;
import io.argosy.proto.v1.CreateTopicRequest;
import io.argosy.proto.v1.CreateTopicResponse;
import io.argosy.proto.v1.DamageReport;
import io.argosy.proto.v1.DeleteTopicRequest;
import io.argosy.proto.v1.DeleteTopicResponse;
import io.argosy.proto.v1.DescribeGroupRequest;
import io.argosy.proto.v1.DescribeGroupResponse;
import io.argosy.proto.v1.DescribeReplicaRequest;
import io.argosy.proto.v1.DescribeReplicaResponse;
import io.argosy.proto.v1.DescribeTopicRequest;
import io.argosy.proto.v1.DescribeTopicResponse;
import io.argosy.proto.v1.FlushMode;
import io.argosy.proto.v1.GroupQueueInfo;
import io.argosy.proto.v1.ListGroupsRequest;
import io.argosy.proto.v1.ListGroupsResponse;
import io.argosy.proto.v1.ListTopicsRequest;
import io.argosy.proto.v1.ListTopicsResponse;
import io.argosy.proto.v1.PeerProgress;
import io.argosy.proto.v1.QueueInfo;
import io.argosy.proto.v1.ScrubRequest;
import io.argosy.proto.v1.ScrubResponse;
import io.argosy.proto.v1.TransferLeadershipRequest;
import io.argosy.proto.v1.TransferLeadershipResponse;
import io.argosy.raft.Entry;
import io.argosy.raft.Member;
import io.argosy.raft.OperatorResult;
import io.argosy.raft.ProposeResult;
import io.argosy.raft.RaftConfig;
import io.argosy.raft.RaftNode;
import io.argosy.raft.RaftNode.Operations;
import io.argosy.raft.RaftStatus;
import io.argosy.raft.ReplicaId;
import io.argosy.raft.ScrubStatus;
import io.argosy.server.config.HostPort;
import io.argosy.wire.name.ResourceNames;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.LongFunction;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The commands. */
final class AdminService extends AdminGrpc.AdminImplBase {

    private static final Logger log = LoggerFactory.getLogger(AdminService.class);
    private static final int PAGE_DEFAULT = 1000;
    private static final int PAGE_MAX = 10_000;

    private final AdminParts parts;
    private final LeaderAdmin leaderAdmin;
    private final InstantSource clock;
    private final long startedMillis;

    AdminService(AdminParts parts, LeaderAdmin leaderAdmin, InstantSource clock) {
        this.parts = parts;
        this.leaderAdmin = leaderAdmin;
        this.clock = clock;
        this.startedMillis = clock.millis();
    }

    // ---- the replica ----

    @Override
    public void bootstrap(BootstrapRequest request, StreamObserver<BootstrapResponse> answers) {
        log.info("bootstrap asked for group={}", parts.groupName());
        var unused = parts.node().bootstrap().whenComplete((uuid, failure) -> {
            BootstrapResponse.Builder response = BootstrapResponse.newBuilder();
            if (failure == null) {
                log.info("group created name={} uuid={}", parts.groupName(), uuid);
                answer(
                        answers,
                        response.setStatus(AdminAnswers.OK)
                                .setGroupUuid(AdminAnswers.bytes(uuid))
                                .build());
            } else {
                answer(
                        answers,
                        response.setStatus(bootstrapFailure(cause(failure))).build());
            }
        });
    }

    private AdminStatus bootstrapFailure(Throwable failure) {
        if (failure instanceof RaftNode.BootstrapException) {
            return AdminAnswers.status(AdminCode.ADMIN_CODE_FAILED_PRECONDITION, String.valueOf(failure.getMessage()));
        }
        log.error("bootstrap failed", failure);
        return AdminAnswers.status(AdminCode.ADMIN_CODE_INTERNAL, failure + "; see the log of this replica");
    }

    @Override
    public void describeReplica(DescribeReplicaRequest request, StreamObserver<DescribeReplicaResponse> answers) {
        RaftStatus status = parts.node().status();
        DescribeReplicaResponse.Builder response = DescribeReplicaResponse.newBuilder()
                .setStatus(AdminAnswers.OK)
                .setGroupName(parts.groupName())
                .setReplicaId(status.self().value())
                .setStoreUuid(AdminAnswers.bytes(status.storeUuid()))
                .setRole(role(status))
                .setTerm(status.term())
                .setLeaderId(status.leader().map(ReplicaId::value).orElse(0))
                .setFirstIndex(status.firstIndex())
                .setLastIndex(status.lastIndex())
                .setDurableIndex(status.durableIndex())
                .setCommitIndex(status.commitIndex())
                .setAppliedIndex(status.appliedIndex())
                .setLogBytes(status.logBytes())
                .setDiskState(status.failure().orElse(status.diskSlow() ? "SLOW" : "OK"))
                .setUptimeMillis(clock.millis() - startedMillis)
                .setVersion(parts.version());
        status.groupUuid().map(AdminAnswers::bytes).ifPresent(response::setGroupUuid);
        status.peers()
                .forEach(peer -> response.addPeers(PeerProgress.newBuilder()
                        .setReplicaId(peer.id().value())
                        .setMatchIndex(peer.matchIndex())
                        .setNextIndex(peer.nextIndex())
                        .setInflightBytes(peer.inflightBytes())
                        .setState(peer.state())
                        .setReachable(peer.reachable())
                        .setStanding(peer.standing().name())
                        .setAppliedIndex(peer.appliedIndex())
                        .setCaughtUp(peer.caughtUp())
                        .setDiskSlow(peer.diskSlow())
                        .setHollow(peer.hollow())
                        .setSilent(peer.silent())
                        .setSilentMillis(TimeUnit.NANOSECONDS.toMillis(peer.silentNanos()))
                        .setNeverAnswered(!peer.answered())));
        response.setHollow(status.hollow());
        status.catchup()
                .ifPresent(catchup -> response.setCatchup(Catchup.newBuilder()
                        .setWhat(catchup.what())
                        .setFromReplica(catchup.from().value())
                        .setDoneBytes(catchup.doneBytes())
                        .setTotalBytes(catchup.totalBytes())));
        status.handingOverTo().ifPresent(to -> response.setHandingOverTo(to.value()));
        status.membership().ifPresent(membership -> {
            membership.members().forEach(member -> response.addMembers(AdminAnswers.info(member, membership)));
            membership.retired().forEach(id -> response.addRetiredIds(id.value()));
            response.setFlush(membership.isAsync() ? FlushMode.FLUSH_MODE_ASYNC : FlushMode.FLUSH_MODE_FSYNC);
        });
        status.damage()
                .forEach(damage -> response.addDamage(DamageReport.newBuilder()
                        .setFile(damage.file())
                        .setFromIndex(damage.fromIndex())
                        .setToIndex(damage.toIndex())
                        .setDetail(damage.detail())));
        answer(answers, response.build());
    }

    private static String role(RaftStatus status) {
        if (status.failure().isPresent()) {
            return "FAILED";
        }
        if (status.groupUuid().isEmpty()) {
            return "UNBORN";
        }
        if (!status.stranger()) {
            return status.role().name();
        }
        boolean learner = status.membership()
                .flatMap(m -> m.learner(status.self()))
                .filter(m -> m.isStore(status.storeUuid()))
                .isPresent();
        return learner ? "LEARNER" : "STRANGER";
    }

    @Override
    public void scrub(ScrubRequest request, StreamObserver<ScrubResponse> answers) {
        ScrubResponse.Builder response = ScrubResponse.newBuilder();
        if (request.getBegin() && request.getBytesPerSecond() < 0) {
            answer(
                    answers,
                    response.setStatus(AdminAnswers.status(
                                    AdminCode.ADMIN_CODE_INVALID_ARGUMENT,
                                    "bytes per second must be below " + Long.MAX_VALUE))
                            .build());
            return;
        }
        // Before it begins: the asker waits until more have finished than these.
        ScrubStatus now = parts.node().scrubbed();
        if (request.getBegin()) {
            log.info("a reading of all files asked for bytesPerSecond={}", request.getBytesPerSecond());
            parts.node().scrub(request.getBytesPerSecond());
        }
        answer(
                answers,
                response.setStatus(AdminAnswers.OK)
                        .setReplicaId(parts.node().status().self().value())
                        .setRunning(now.running())
                        .setFinished(now.finished())
                        .setDoneBytes(now.doneBytes())
                        .setTotalBytes(now.totalBytes())
                        .setDamaged(now.damaged())
                        .setRepaired(now.repaired())
                        .addAllOpen(now.open())
                        .build());
    }

    // ---- changes of the group ----

    @Override
    public void changeMembership(ChangeMembershipRequest request, StreamObserver<ChangeMembershipResponse> answers) {
        log.info("change of membership asked for group={} request={}", parts.groupName(), request);
        BiConsumer<AdminStatus, String> decided = (status, reason) -> answer(
                answers,
                ChangeMembershipResponse.newBuilder()
                        .setStatus(status)
                        .setReason(reason)
                        .setLeaderId(isOfLeader(status, reason) ? selfId() : 0)
                        .build());
        CompletableFuture<OperatorResult> asked;
        try {
            asked = begin(request, parts.node().operations());
        } catch (IllegalArgumentException e) {
            decided.accept(
                    AdminAnswers.status(AdminCode.ADMIN_CODE_INVALID_ARGUMENT, String.valueOf(e.getMessage())), "");
            return;
        }
        decide(
                asked,
                leader -> passOn(
                        leader,
                        (stub, observer) -> stub.changeMembership(request, observer),
                        answers,
                        status -> decided.accept(status, "")),
                decided);
    }

    /** Only a leader carries out and gives reasons; what it passes on comes with the leader's own id. */
    private static boolean isOfLeader(AdminStatus status, String reason) {
        return status.getCode() == AdminCode.ADMIN_CODE_OK || !reason.isEmpty();
    }

    private int selfId() {
        return parts.node().status().self().value();
    }

    private static CompletableFuture<OperatorResult> begin(ChangeMembershipRequest request, Operations operations) {
        return switch (request.getChangeCase()) {
            case ADD_LEARNER -> {
                AddLearner add = request.getAddLearner();
                HostPort peer = HostPort.parse(add.getPeerAddress());
                yield operations.addLearner(
                        new ReplicaId(add.getReplicaId()),
                        peer.toString(),
                        services(HostPort.parse(add.getClientAddress()), HostPort.parse(add.getAdminAddress())));
            }
            case PROMOTE_ID -> operations.promote(new ReplicaId(request.getPromoteId()));
            case JUDGE_REMOVAL_ID -> operations.judgeRemoval(new ReplicaId(request.getJudgeRemovalId()));
            case REMOVE_ID -> operations.remove(new ReplicaId(request.getRemoveId()));
            case PRIORITISE ->
                operations.prioritise(
                        new ReplicaId(request.getPrioritise().getReplicaId()),
                        checkedPriority(request.getPrioritise().getPriority()));
            case FLUSH -> operations.changeFlush(flush(request.getFlush()));
            case CHANGE_NOT_SET -> throw new IllegalArgumentException("the request names no change");
        };
    }

    /** Read by the directory of the replicas, which knows no more of a newcomer. */
    private static String services(HostPort client, HostPort admin) {
        return AdminParts.SERVICE_CLIENT + client + "," + AdminParts.SERVICE_ADMIN + admin;
    }

    private static RaftConfig.Flush flush(FlushMode mode) {
        return switch (mode) {
            case FLUSH_MODE_FSYNC -> RaftConfig.Flush.FSYNC;
            case FLUSH_MODE_ASYNC -> RaftConfig.Flush.ASYNC;
            case FLUSH_MODE_UNSPECIFIED, UNRECOGNIZED -> throw new IllegalArgumentException("flush is fsync or async");
        };
    }

    private static int checkedPriority(int priority) {
        if (priority < 0 || priority > Member.PRIORITY_MAX) {
            throw new IllegalArgumentException(
                    "priority " + Integer.toUnsignedString(priority) + " is outside 0.." + Member.PRIORITY_MAX);
        }
        return priority;
    }

    @Override
    public void transferLeadership(
            TransferLeadershipRequest request, StreamObserver<TransferLeadershipResponse> answers) {
        log.info("transfer of leadership asked for group={} to={}", parts.groupName(), request.getToId());
        BiConsumer<AdminStatus, String> decided = (status, reason) -> answer(
                answers,
                TransferLeadershipResponse.newBuilder()
                        .setStatus(status)
                        .setReason(reason)
                        .build());
        Optional<ReplicaId> to;
        try {
            to = request.getToId() == 0 ? Optional.empty() : Optional.of(new ReplicaId(request.getToId()));
        } catch (IllegalArgumentException e) {
            decided.accept(
                    AdminAnswers.status(AdminCode.ADMIN_CODE_INVALID_ARGUMENT, String.valueOf(e.getMessage())), "");
            return;
        }
        decide(
                parts.node().operations().transferLeadership(to),
                leader -> passOn(
                        leader,
                        (stub, observer) -> stub.transferLeadership(request, observer),
                        answers,
                        status -> decided.accept(status, "")),
                decided);
    }

    /** As {@link #change}: once to the leader, if it is another one. */
    private void decide(
            CompletableFuture<OperatorResult> asked,
            Consumer<ReplicaId> passOn,
            BiConsumer<AdminStatus, String> decided) {
        boolean forwarded = AdminListener.FORWARDED.get() != null;
        var unused = asked.whenComplete((result, failure) -> {
            if (failure != null) {
                log.error("an operator's request failed", failure);
                decided.accept(
                        AdminAnswers.status(
                                AdminCode.ADMIN_CODE_INTERNAL, cause(failure).toString()),
                        "");
            } else if (result instanceof OperatorResult.Done) {
                decided.accept(AdminAnswers.OK, "");
            } else if (result instanceof OperatorResult.Refused refused) {
                decided.accept(
                        AdminAnswers.status(
                                AdminCode.ADMIN_CODE_FAILED_PRECONDITION,
                                refused.why().text()),
                        refused.why().reason().name());
            } else if (result instanceof OperatorResult.NotLeader notLeader) {
                if (forwarded || notLeader.leader().isEmpty()) {
                    decided.accept(noLeader(), "");
                } else {
                    passOn.accept(notLeader.leader().get());
                }
            } else {
                decided.accept(
                        AdminAnswers.status(
                                AdminCode.ADMIN_CODE_UNKNOWN_OUTCOME,
                                "the leader changed while this was under way: look at 'argosy raft status' before"
                                        + " trying again"),
                        "");
            }
        });
    }

    // ---- changes of topics ----

    @Override
    public void createTopic(CreateTopicRequest request, StreamObserver<CreateTopicResponse> answers) {
        Consumer<AdminStatus> refuse = status -> answer(
                answers, CreateTopicResponse.newBuilder().setStatus(status).build());
        int queueCount = request.getQueueCount() == 0 ? parts.queueCountDefault() : request.getQueueCount();
        Duration retention = request.getRetentionMillis() == 0
                ? parts.retentionDefault()
                : Duration.ofMillis(request.getRetentionMillis());
        Optional<String> problem =
                ResourceNames.topicProblem(request.getName()).or(() -> TopicLimits.problem(queueCount, retention));
        if (problem.isPresent()) {
            refuse.accept(AdminAnswers.status(AdminCode.ADMIN_CODE_INVALID_ARGUMENT, problem.get()));
            return;
        }
        change(
                new CreateTopic(clock.millis(), request.getName(), queueCount, retention),
                (stub, answer) -> stub.createTopic(request, answer),
                answers,
                refuse,
                index -> created(parts.topicOutcomes().apply(index)));
    }

    private static CreateTopicResponse created(TopicOutcome outcome) {
        CreateTopicResponse.Builder response = CreateTopicResponse.newBuilder();
        if (outcome instanceof TopicOutcome.Created created) {
            return response.setStatus(AdminAnswers.OK)
                    .setTopic(AdminAnswers.info(created.topic()))
                    .build();
        }
        if (outcome instanceof TopicOutcome.Exists exists) {
            return response.setStatus(AdminAnswers.status(
                            AdminCode.ADMIN_CODE_ALREADY_EXISTS,
                            "topic " + exists.topic().name() + " exists with "
                                    + exists.topic().queueCount()
                                    + " queues; 'argosy topic describe' shows it"))
                    .setTopic(AdminAnswers.info(exists.topic()))
                    .build();
        }
        if (outcome instanceof TopicOutcome.TooManyQueues) {
            return response.setStatus(AdminAnswers.status(
                            AdminCode.ADMIN_CODE_FAILED_PRECONDITION, "the group has as many queues as it can have"))
                    .build();
        }
        throw new AssertionError(outcome);
    }

    @Override
    public void deleteTopic(DeleteTopicRequest request, StreamObserver<DeleteTopicResponse> answers) {
        change(
                new DeleteTopic(clock.millis(), request.getName()),
                (stub, answer) -> stub.deleteTopic(request, answer),
                answers,
                status -> answer(
                        answers,
                        DeleteTopicResponse.newBuilder().setStatus(status).build()),
                index -> deleted(parts.topicOutcomes().apply(index)));
    }

    private static DeleteTopicResponse deleted(TopicOutcome outcome) {
        if (outcome instanceof TopicOutcome.Deleted) {
            return DeleteTopicResponse.newBuilder().setStatus(AdminAnswers.OK).build();
        }
        if (outcome instanceof TopicOutcome.Missing missing) {
            return DeleteTopicResponse.newBuilder()
                    .setStatus(noSuchTopic(missing.name()))
                    .build();
        }
        throw new AssertionError(outcome);
    }

    /**
     * Proposes here if this replica leads, else passes the call on to who does.
     *
     * @param applied from the index of the committed entry to the answer; on the applier thread
     */
    private <T> void change(
            Command command,
            BiConsumer<AdminGrpc.AdminStub, StreamObserver<T>> forward,
            StreamObserver<T> answers,
            Consumer<AdminStatus> refuse,
            LongFunction<T> applied) {
        boolean forwarded = AdminListener.FORWARDED.get() != null;
        ByteBuffer payload = command.encode();
        parts.node().propose(payload, Entry.crcOf(payload), result -> {
            if (result instanceof ProposeResult.Committed committed) {
                answer(answers, applied.apply(committed.index()));
            } else if (result instanceof ProposeResult.NotLeader notLeader) {
                if (forwarded || notLeader.leader().isEmpty()) {
                    refuse.accept(noLeader());
                } else {
                    passOn(notLeader.leader().get(), forward, answers, refuse);
                }
            } else if (result instanceof ProposeResult.Busy busy) {
                refuse.accept(AdminAnswers.status(
                        AdminCode.ADMIN_CODE_FAILED_PRECONDITION, busy.reason() + "; try again in a moment"));
            } else {
                refuse.accept(AdminAnswers.status(
                        AdminCode.ADMIN_CODE_UNKNOWN_OUTCOME,
                        "the leader changed while this was under way: look whether it happened before trying again"));
            }
        });
    }

    private <T> void passOn(
            ReplicaId leader,
            BiConsumer<AdminGrpc.AdminStub, StreamObserver<T>> forward,
            StreamObserver<T> answers,
            Consumer<AdminStatus> refuse) {
        var unused = leaderAdmin.ask(leader, forward).whenComplete((answer, failure) -> {
            if (failure == null) {
                answer(answers, answer);
                return;
            }
            Status status = Status.fromThrowable(cause(failure));
            boolean unknown = status.getCode() != Status.Code.UNAVAILABLE;
            refuse.accept(AdminAnswers.status(
                    unknown ? AdminCode.ADMIN_CODE_UNKNOWN_OUTCOME : AdminCode.ADMIN_CODE_NO_LEADER,
                    "replica " + leader + " leads and did not answer: " + status));
        });
    }

    private AdminStatus noLeader() {
        return AdminAnswers.status(
                AdminCode.ADMIN_CODE_NO_LEADER,
                "no replica of group " + parts.groupName()
                        + " leads at the moment: try again in a second; if it stays so, 'argosy cluster status' shows who is missing");
    }

    // ---- views of topics ----

    @Override
    public void listTopics(ListTopicsRequest request, StreamObserver<ListTopicsResponse> answers) {
        List<TopicView> after = parts.topics().all().stream()
                .filter(topic -> topic.name().compareTo(request.getAfter()) > 0)
                .limit(page(request.getLimit()) + 1L)
                .toList();
        ListTopicsResponse.Builder response = ListTopicsResponse.newBuilder()
                .setStatus(AdminAnswers.OK)
                .setMore(after.size() > page(request.getLimit()));
        after.stream().limit(page(request.getLimit())).map(AdminAnswers::info).forEach(response::addTopics);
        answer(answers, response.build());
    }

    @Override
    public void describeTopic(DescribeTopicRequest request, StreamObserver<DescribeTopicResponse> answers) {
        Optional<TopicView> found = parts.topics().topic(request.getName());
        if (found.isEmpty()) {
            answer(
                    answers,
                    DescribeTopicResponse.newBuilder()
                            .setStatus(noSuchTopic(request.getName()))
                            .build());
            return;
        }
        TopicView topic = found.get();
        DescribeTopicResponse.Builder response =
                DescribeTopicResponse.newBuilder().setStatus(AdminAnswers.OK).setTopic(AdminAnswers.info(topic));
        for (int queueId = 0; queueId < topic.queueCount(); queueId++) {
            response.addQueues(QueueInfo.newBuilder()
                    .setQueueId(queueId)
                    .setMinOffset(parts.offsets().minOffset(topic.topicId(), queueId))
                    .setMaxOffset(parts.offsets().maxOffset(topic.topicId(), queueId)));
        }
        answer(answers, response.build());
    }

    // ---- views of consumer groups ----

    @Override
    public void listGroups(ListGroupsRequest request, StreamObserver<ListGroupsResponse> answers) {
        List<String> after = parts.groups().groups().stream()
                .filter(name -> name.compareTo(request.getAfter()) > 0)
                .limit(page(request.getLimit()) + 1L)
                .toList();
        answer(
                answers,
                ListGroupsResponse.newBuilder()
                        .setStatus(AdminAnswers.OK)
                        .addAllGroups(after.subList(0, Math.min(after.size(), page(request.getLimit()))))
                        .setMore(after.size() > page(request.getLimit()))
                        .build());
    }

    @Override
    public void describeGroup(DescribeGroupRequest request, StreamObserver<DescribeGroupResponse> answers) {
        Optional<GroupView> found = parts.groups().group(request.getName());
        if (found.isEmpty()) {
            answer(
                    answers,
                    DescribeGroupResponse.newBuilder()
                            .setStatus(AdminAnswers.status(
                                    AdminCode.ADMIN_CODE_NOT_FOUND,
                                    "no consumer group " + request.getName() + " has received anything yet"))
                            .build());
            return;
        }
        DescribeGroupResponse.Builder response = DescribeGroupResponse.newBuilder()
                .setStatus(AdminAnswers.OK)
                .setName(found.get().name())
                .addAllClientIds(found.get().clientIds().stream().sorted().toList());
        for (QueueView queue : found.get().queues()) {
            response.addQueues(GroupQueueInfo.newBuilder()
                    .setTopic(parts.topics()
                            .topic(queue.topicId())
                            .map(TopicView::name)
                            .orElse("(deleted, id " + queue.topicId() + ")"))
                    .setQueueId(queue.queueId())
                    .setMinOffset(parts.offsets().minOffset(queue.topicId(), queue.queueId()))
                    .setMaxOffset(parts.offsets().maxOffset(queue.topicId(), queue.queueId()))
                    .setBaseOffset(queue.base())
                    .setAcknowledgedAboveBase(queue.ackedAbove())
                    .setInFlight(queue.inFlight())
                    .setLag(queue.lag()));
        }
        answer(answers, response.build());
    }

    private static AdminStatus noSuchTopic(String name) {
        return AdminAnswers.status(
                AdminCode.ADMIN_CODE_NOT_FOUND,
                "there is no topic " + name + "; 'argosy topic list' shows those there are");
    }

    private static int page(int limit) {
        return limit <= 0 ? PAGE_DEFAULT : Math.min(limit, PAGE_MAX);
    }

    private static Throwable cause(Throwable failure) {
        return failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
    }

    private static <T> void answer(StreamObserver<T> answers, T answer) {
        answers.onNext(answer);
        answers.onCompleted();
    }
}
