package io.argosy.raft.node;

import io.argosy.raft.Entry;
import io.argosy.raft.EntryType;
import io.argosy.raft.Member;
import io.argosy.raft.Membership;
import io.argosy.raft.OperatorResult;
import io.argosy.raft.ProposeResult;
import io.argosy.raft.RaftConfig;
import io.argosy.raft.RaftNode.LogReader;
import io.argosy.raft.RaftNode.NotLeaderException;
import io.argosy.raft.RaftNode.Operations;
import io.argosy.raft.RaftStatus;
import io.argosy.raft.ReplicaId;
import io.argosy.raft.Role;
import io.argosy.raft.RoleChange;
import io.argosy.raft.ScrubStatus;
import io.argosy.raft.StateMachine;
import io.argosy.raft.core.CoreConfig;
import io.argosy.raft.core.Effects;
import io.argosy.raft.core.Effects.Outbound;
import io.argosy.raft.core.Effects.Persist;
import io.argosy.raft.core.IndexRange;
import io.argosy.raft.core.LostRange;
import io.argosy.raft.core.Message;
import io.argosy.raft.core.RaftCore;
import io.argosy.raft.core.RestoredState;
import io.argosy.raft.core.RestoredState.ConfigAt;
import io.argosy.raft.storage.Disk;
import io.argosy.raft.storage.RaftLog;
import io.argosy.raft.storage.ReplicaStore;
import io.argosy.raft.storage.SnapshotManifest;
import io.argosy.raft.transport.Bulk;
import io.argosy.raft.transport.PeerTransport;
import io.argosy.raft.transport.PeerTransport.PeerListener;
import io.argosy.raft.transport.PeerTransport.StoreDescription;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Queue;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.jctools.queues.MpscUnboundedArrayQueue;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One replica without threads: what it does in one turn, and the lanes beside it. A turn drains everything that waits
 * in the inbox into the {@link RaftCore}, takes the effects once, and hands them to the log writer, the transport and
 * the applier. Those report back through counters that only rise, so that no completion can be lost or queue up.
 *
 * <p>{@link RaftServer} runs it on threads; the simulator steps it, {@link #writer} and {@link #applier} on virtual time.
 *
 * <p>Inbox bounds: proposals and messages by count and bytes; beyond them a proposal is refused as busy and a message
 * is dropped, which Raft bears. Everything else is rare.
 */
final class Replica implements Lane {

    private static final Logger log = LoggerFactory.getLogger(Replica.class);

    static final String LOOP = "loop";

    private static final int INBOX_PROPOSALS_MAX = 1 << 16;
    private static final int INBOX_MESSAGES_MAX = 1 << 16;
    private static final int TURN_INPUTS_MAX = 4096;
    private static final int MESSAGE_OVERHEAD_BYTES = 64;
    private static final long SYNC_LOOK_MILLIS = 100;

    private final RaftConfig config;
    private final ReplicaStore store;
    private final StateMachine stateMachine;
    private final PeerTransport transport;
    private final Surroundings surroundings;
    private final long tickNanos;
    private final long electionMinNanos;

    private final RaftCore core;
    private final TailCache tail;
    private final RecentEntries recent;
    private final LogWriter writer;
    private final Applier applier;
    private final Executor readers;
    private final LogReads reads;
    private final Birth birth;
    private final BulkLane bulk;
    private final Wake wake;
    private final OperatorRequests requests;
    private final Operators operators;

    // The inbox.
    private final Queue<Input> inbox = new MpscUnboundedArrayQueue<>(1024);
    private final AtomicInteger inboxProposals = new AtomicInteger();
    private final AtomicLong inboxProposalBytes = new AtomicLong();
    private final AtomicInteger inboxMessages = new AtomicInteger();
    private final AtomicLong inboxMessageBytes = new AtomicLong();
    private final long inboxMessageBytesMax;

    // The loop's own.
    private final Map<Long, CompletableFuture<Long>> waitingReads = new HashMap<>();
    private final InputRing inputs = new InputRing();
    private final Evidence evidence;
    private long lastReadContext;
    private long persistedSequence;
    private long appliedIndex;
    private long nextTickNanos;
    private boolean leaving;
    private boolean flushDiffers;
    /** Nothing is applied before a snapshot has replaced it. */
    private volatile boolean stateLost;
    /** A snapshot that waits for something to be durable. */
    private Optional<SnapshotManifest> undecided = Optional.empty();
    /** The log is trimmed further than the core knows. */
    private boolean trimAhead;

    private volatile View view;
    private volatile Optional<Membership> membership;
    private volatile boolean voter;
    private volatile boolean closing;
    private volatile boolean loopEnded;
    private volatile Optional<String> failure = Optional.empty();
    private final AtomicBoolean failed = new AtomicBoolean();
    private final AtomicLong trimmedTo = new AtomicLong();

    /** What the loop shows to other threads. */
    private record View(
            Role role,
            long term,
            Optional<ReplicaId> leader,
            long lastIndex,
            long durableIndex,
            long commitIndex,
            Optional<ReplicaId> handingOverTo,
            List<RaftStatus.PeerStatus> peers) {}

    /**
     * The lanes' surroundings: who steps them is told through these when there is work.
     *
     * @param readers run reads of the disk; may refuse
     */
    record Lanes(Wake loop, Wake writer, Wake applier, Wake bulk, Executor readers) {}

    /**
     * @param disk the one that the store lies on
     * @param transport not yet started
     */
    Replica(
            RaftConfig config,
            Disk disk,
            ReplicaStore store,
            StateMachine stateMachine,
            PeerTransport transport,
            Surroundings surroundings,
            Lanes lanes)
            throws IOException {
        this.wake = lanes.loop();
        this.readers = lanes.readers();
        this.config = config;
        this.evidence = new Evidence(disk, config);
        this.store = store;
        this.stateMachine = stateMachine;
        this.transport = transport;
        this.surroundings = surroundings;
        RaftConfig.Timing timing = config.timing();
        RaftConfig.Limits limits = config.limits();
        this.tickNanos = timing.tick().toNanos();
        this.electionMinNanos = timing.electionMin().toNanos();
        this.inboxMessageBytesMax = 4L
                * (limits.windowBytes() + (long) limits.batchBytesMax())
                * config.peers().size();
        finishInstallation();
        long durablyApplied = stateMachine.durableAppliedIndex();
        // The log was trimmed because the state stood for what went; without the state only a snapshot leads there.
        this.stateLost = durablyApplied < store.log().firstIndex() - 1;
        RestoredState restored =
                store.restored(Math.max(durablyApplied, store.log().firstIndex() - 1));
        this.membership = restored.membership().map(ConfigAt::membership);
        this.voter = membership.filter(this::isVoterIn).isPresent();
        long now = surroundings.nanoClock().getAsLong();
        this.core = new RaftCore(
                new CoreConfig(
                        config.self(),
                        store.storeUuid(),
                        timing.heartbeat().toNanos(),
                        timing.electionMin().toNanos(),
                        timing.electionMax().toNanos(),
                        limits.batchBytesMax(),
                        limits.windowBytes(),
                        limits.uncommittedBytesMax(),
                        // The same entries as in the tail cache, which answers what the core has already let go.
                        Math.min(limits.tailCacheBytes(), limits.windowBytes())),
                restored,
                surroundings.random(),
                now);
        this.nextTickNanos = now + tickNanos;
        this.appliedIndex = durablyApplied;
        this.tail = new TailCache(limits.tailCacheBytes());
        this.recent = new RecentEntries(now);
        this.applier = new Applier(stateMachine, durablyApplied, tail, store.log(), this::damageFound, lanes.applier());
        this.writer = new LogWriter(
                config, disk, store, transport, surroundings.nanoClock(), new WriterEvents(), lanes.writer());
        membership.ifPresent(this::followFlush);
        if (restored.hardState().reached().isUnknown()) {
            log.warn(
                    "the machine started anew and what was not synced may be gone: this replica does not vote until a leader"
                            + " has brought it up; if that is so on a majority, nobody can lead, and 'argosy raft recover'"
                            + " goes on with the longest log replica={} term={} lastIndex={}",
                    config.self(),
                    restored.hardState().term(),
                    restored.lastIndex());
        }
        this.reads = new LogReads(tail, store.log(), readers, applier::targetIndex, this::damageFound);
        this.birth = new Birth(
                config, transport, surroundings.uuids(), this::describe, (group, members) -> adopt(group, members, 0));
        this.requests = new OperatorRequests(core, 2 * timing.electionMax().toNanos());
        this.operators = new Operators(config, store, transport, this::status, this::tell);
        this.bulk = new BulkLane(
                store,
                stateMachine,
                transport,
                surroundings.nanoClock(),
                new LogSource(store.log(), applier::targetIndex, this::damageFound),
                limits.catchupBytesPerSecond(),
                config.storage().scrub(),
                manifest -> tell(new Input.SnapshotComplete(manifest)),
                new Missing(),
                this::damageFound,
                lanes.bulk());
        this.view = look();
        core.damaged(damagedRanges());
        tellWhatIsHeld();
        if (stateLost) {
            log.error(
                    "the state is lost, it ends at entry {} and the log begins at {}: waiting for a snapshot from whoever"
                            + " leads replica={}",
                    durablyApplied,
                    store.log().firstIndex(),
                    config.self());
            core.needSnapshot(store.log().firstIndex() - 1);
        }
    }

    /** From where on the log is whole (D2). */
    private void tellWhatIsHeld() {
        long completeFrom = store.log().firstIndex();
        for (RaftStatus.Damage damage : store.log().damage()) {
            completeFrom = Math.max(completeFrom, damage.toIndex() + 1);
        }
        core.holds(completeFrom, stateMachine.neededFromIndex());
    }

    private List<LostRange> damagedRanges() {
        RaftLog disk = store.log();
        return disk.damage().stream()
                .sorted(Comparator.comparingLong(RaftStatus.Damage::fromIndex))
                .map(damage -> new LostRange(
                        damage.fromIndex(),
                        damage.toIndex(),
                        disk.termKnown(damage.fromIndex()) && disk.termKnown(damage.toIndex()),
                        disk.isDoubtful(damage.fromIndex()) && disk.isDoubtful(damage.toIndex())))
                .toList();
    }

    /** What the fetching of missing log needs from here. */
    private final class Missing implements LogFetch.Surroundings {
        @Override
        public List<ReplicaId> peers() {
            Optional<ReplicaId> leader = view.leader();
            return membership.stream()
                    .flatMap(group -> group.members().stream())
                    .map(Member::id)
                    .filter(id -> !id.equals(config.self()))
                    .sorted(Comparator.comparing(
                                    (ReplicaId id) -> leader.filter(id::equals).isEmpty())
                            .thenComparing(Comparator.naturalOrder()))
                    .toList();
        }

        @Override
        public long committedIndex() {
            return applier.targetIndex();
        }

        @Override
        public long neededFromIndex() {
            return stateLost ? Long.MAX_VALUE : stateMachine.neededFromIndex();
        }

        @Override
        public void change(LogWriter.DiskAction action, Runnable done) {
            writer.change(action, () -> bulk.post(done::run));
        }

        @Override
        public void unrepairable(IndexRange entries) {
            tell(new Input.Unrepairable(entries));
        }

        @Override
        public void repaired() {
            tell(new Input.LogRepaired());
        }

        @Override
        public long droppableIndex() {
            return Replica.this.droppableIndex();
        }

        @Override
        public void trimmed(long firstIndex) {
            tell(new Input.Trimmed(firstIndex));
        }
    }

    /** The process ended in the middle of taking over a snapshot: its log begins behind it already. */
    private void finishInstallation() throws IOException {
        if (store.publishedSnapshot().isPresent()) {
            stateMachine.restore(store.snapshotFolder());
            store.discardSnapshot();
            log.info(
                    "finished taking over a snapshot index={}",
                    store.publishedSnapshot().get().index());
        }
    }

    /** Opens up to the peers; from now on the lanes may be stepped. */
    void begin() {
        transport.start(new Peers());
        bulk.checkLog();
        membership.ifPresent(transport::joinGroup);
        if (membership.isEmpty()) {
            log.info(
                    "store is empty and belongs to no group: it waits to be bootstrapped or added"
                            + " replica={} group={} store={}",
                    config.self(),
                    config.groupName(),
                    store.storeUuid());
        } else if (!voter) {
            log.warn(
                    "store is no voter of its group: it waits to be added replica={} store={} membership={}",
                    config.self(),
                    store.storeUuid(),
                    membership.get());
        }
    }

    /** Owned by whoever steps the loop. */
    RaftCore core() {
        return core;
    }

    LogWriter writer() {
        return writer;
    }

    BulkLane bulk() {
        return bulk;
    }

    Applier applier() {
        return applier;
    }

    // ------------------------------------------------------------------------------------------------ any thread

    void propose(ByteBuffer payload, int payloadCrc, Consumer<ProposeResult> listener) {
        int bytes = payload.remaining();
        if (bytes > Entry.PAYLOAD_BYTES_MAX) {
            throw new IllegalArgumentException(
                    "payload of " + bytes + " bytes, at most " + Entry.PAYLOAD_BYTES_MAX + " are allowed");
        }
        View seen = view;
        if (closing || failed.get() || seen.role() != Role.LEADER) {
            listener.accept(new ProposeResult.NotLeader(seen.leader().filter(l -> !l.equals(config.self()))));
            return;
        }
        Optional<String> full = writer.refusal(Entry.HEADER_BYTES + bytes + inboxProposalBytes.get());
        if (full.isPresent()) {
            listener.accept(new ProposeResult.Busy(full.get()));
            return;
        }
        if (inboxProposals.get() >= INBOX_PROPOSALS_MAX
                || inboxProposalBytes.get() > config.limits().uncommittedBytesMax()) {
            listener.accept(new ProposeResult.Busy("too many proposals wait for the loop"));
            return;
        }
        inboxProposals.incrementAndGet();
        inboxProposalBytes.addAndGet(bytes);
        tell(new Proposal(payload, payloadCrc, listener));
    }

    CompletableFuture<Long> readIndex() {
        CompletableFuture<Long> answer = new CompletableFuture<>();
        tell(new Input.Read(answer));
        return answer;
    }

    RaftStatus status() {
        View seen = view;
        Optional<Membership> group = membership;
        return new RaftStatus(
                config.self(),
                store.storeUuid(),
                group.map(Membership::groupUuid),
                group,
                !voter,
                seen.role(),
                seen.term(),
                seen.leader(),
                seen.handingOverTo(),
                store.log().firstIndex(),
                seen.lastIndex(),
                seen.durableIndex(),
                seen.commitIndex(),
                applier.appliedIndex(),
                store.log().sizeBytes(),
                seen.peers(),
                store.log().damage(),
                writer.oldestPendingNanos(surroundings.nanoClock().getAsLong()) > electionMinNanos,
                isHollow(),
                bulk.progress(),
                failure);
    }

    void scrub(long bytesPerSecond) {
        bulk.scrub(bytesPerSecond);
    }

    ScrubStatus scrubbed() {
        return bulk.scrubbed();
    }

    CompletableFuture<UUID> bootstrap() {
        return birth.bootstrap();
    }

    Operations operations() {
        return operators;
    }

    LogReader log() {
        return reads;
    }

    /** The log lacks bodies that the state may still ask for (D2). */
    private boolean isHollow() {
        return membership.isPresent() && store.log().firstIndex() > Math.max(1, stateMachine.neededFromIndex());
    }

    /**
     * Never above what the state machine holds durably: that is the snapshot which stands for what is dropped (D11). Nor
     * above a snapshot that a peer reads, because it needs what follows next.
     */
    void trim(long upToIndex) {
        long bounded = Math.min(upToIndex, droppableIndex());
        if (bounded > trimmedTo.get()) {
            trimmedTo.accumulateAndGet(bounded, Math::max);
            writer.trim(bounded);
        }
    }

    private long droppableIndex() {
        return Math.min(stateMachine.durableAppliedIndex(), bulk.pinnedIndex());
    }

    private void tell(Input input) {
        inbox.add(input);
        wake.raise();
        if (loopEnded) {
            drainAfterEnd();
        }
    }

    /** Readings of the disk may have found something. */
    void damageFound() {
        tell(new Input.DamageFound());
    }

    private StoreDescription describe() {
        return new StoreDescription(new Member(config.self(), store.storeUuid()), membership);
    }

    private CompletableFuture<Void> adopt(String groupName, Membership adopted, long recoveryEpoch) {
        CompletableFuture<Void> answer = new CompletableFuture<>();
        if (!groupName.equals(config.groupName())) {
            answer.completeExceptionally(new IllegalStateException("replica " + config.self()
                    + " is configured for group " + config.groupName() + ", not " + groupName));
        } else if (adopted.givesToAnother(config.self(), store.storeUuid())) {
            answer.completeExceptionally(new IllegalStateException("replica " + config.self() + " is store "
                    + store.storeUuid() + ", and its id belongs to another store in " + adopted));
        } else {
            writer.adopt(groupName, adopted, recoveryEpoch, answer);
        }
        return answer;
    }

    private final class Peers implements PeerListener {
        @Override
        public void received(ReplicaId from, Message message) {
            int bytes = MESSAGE_OVERHEAD_BYTES;
            if (message instanceof Message.AppendRequest append) {
                for (Entry entry : append.entries()) {
                    bytes += entry.frameBytes();
                }
            }
            if (inboxMessages.get() >= INBOX_MESSAGES_MAX || inboxMessageBytes.get() > inboxMessageBytesMax) {
                log.debug("inbox is full, dropped a message from={}", from);
                return;
            }
            inboxMessages.incrementAndGet();
            inboxMessageBytes.addAndGet(bytes);
            tell(new Input.Received(from, message, bytes));
        }

        @Override
        public void peerReset(ReplicaId peer, long session) {
            tell(new Input.Peer(peer, Input.PeerEvent.RESET, session));
        }

        @Override
        public void peerUnreachable(ReplicaId peer) {
            tell(new Input.Peer(peer, Input.PeerEvent.UNREACHABLE, 0));
        }

        @Override
        public void peerLost(ReplicaId peer) {
            tell(new Input.Peer(peer, Input.PeerEvent.LOST, 0));
        }

        @Override
        public CompletableFuture<Bulk.Answer> bulk(ReplicaId from, Bulk.Request request) {
            return bulk.serve(from, request);
        }

        @Override
        public StoreDescription describeStore() {
            return describe();
        }

        @Override
        public CompletableFuture<Void> adoptGroup(String groupName, Membership adopted) {
            return adopt(groupName, adopted, 0);
        }

        @Override
        public CompletableFuture<Void> adoptGroup(String groupName, Membership adopted, long recoveryEpoch) {
            return adopt(groupName, adopted, recoveryEpoch);
        }
    }

    private final class WriterEvents implements LogWriter.Events {
        @Override
        public void persisted() {
            wake.raise();
        }

        @Override
        public void adopted(Membership adopted, CompletableFuture<Void> answer) {
            tell(new Input.Adopted(adopted, answer));
        }

        @Override
        public void trimmed(long firstIndex) {
            tell(new Input.Trimmed(firstIndex));
        }
    }

    // ----------------------------------------------------------------------------------------------- loop thread

    @Override
    public boolean hasWork() {
        return !inbox.isEmpty() || writer.persistedSequence() != persistedSequence || failed.get();
    }

    /** One turn. */
    @Override
    public long step() {
        if (leaving || failed.get()) {
            loopEnded = true;
            drainAfterEnd();
            return ENDED;
        }
        long now = surroundings.nanoClock().getAsLong();
        takeCompletions(now);
        int taken = 0;
        for (Input input = inbox.poll(); input != null; input = inbox.poll()) {
            // An answer may overtake the news that what it answers is durable: look before each input.
            takeCompletions(now);
            inputs.input(input, now);
            step(input, now);
            if (++taken == TURN_INPUTS_MAX) {
                break;
            }
        }
        boolean ticked = now - nextTickNanos >= 0;
        if (ticked) {
            tellWhatIsHeld();
            core.tick(now);
            core.diskHealth(writer.oldestPendingNanos(now), now);
            forgetOldEntries(now);
            nextTickNanos = now + tickNanos;
        }
        if (core.hasEffects()) {
            perform(core.takeEffects());
        }
        requests.review(now);
        if (ticked) {
            view = look();
        }
        return leaving || core.hasEffects()
                ? 0
                : Math.max(0, nextTickNanos - surroundings.nanoClock().getAsLong());
    }

    private void forgetOldEntries(long now) {
        long old = Math.min(recent.oldUpTo(core.lastIndex(), now), core.durableIndex());
        tail.dropUpTo(old);
        core.forgetUpTo(old);
    }

    private void takeCompletions(long now) {
        long persisted = writer.persistedSequence();
        if (persisted != persistedSequence) {
            persistedSequence = persisted;
            inputs.persisted(persisted, now);
            core.persisted(persisted);
            undecided.ifPresent(this::decideOn);
        }
        long applied = applier.appliedIndex();
        // While a snapshot is installed, the applier is ahead of what the core knows of.
        if (applied != appliedIndex && !core.installing()) {
            appliedIndex = applied;
            inputs.applied(applied, now);
            core.applied(applied);
            for (var window = applier.takeWindow(); window.isPresent(); window = applier.takeWindow()) {
                core.windowApplied(window.get().endIndex(), window.get().hash());
            }
        }
        if (trimAhead) {
            followTrim();
        }
    }

    private void step(Input input, long now) {
        if (input instanceof Proposal proposal) {
            inboxProposals.decrementAndGet();
            inboxProposalBytes.addAndGet(-proposal.sizeBytes);
            propose(proposal);
        } else if (input instanceof Input.Received received) {
            inboxMessages.decrementAndGet();
            inboxMessageBytes.addAndGet(-received.sizeBytes());
            core.receive(received.from(), received.message(), now);
        } else if (input instanceof Input.Read read) {
            long context = ++lastReadContext;
            waitingReads.put(context, read.answer());
            core.requestRead(context);
        } else if (input instanceof Input.Peer peer) {
            switch (peer.event()) {
                case RESET -> core.peerReset(peer.peer(), peer.session());
                case UNREACHABLE -> core.peerUnreachable(peer.peer());
                case LOST -> core.peerLost(peer.peer(), now);
            }
        } else if (input instanceof Input.LogRead read) {
            core.logRead(read.peer(), read.session(), read.entries());
        } else if (input instanceof Input.Other other) {
            stepOther(other, now);
        } else {
            throw new AssertionError(input);
        }
    }

    private void propose(Proposal proposal) {
        RaftCore.Proposed proposed = core.propose(EntryType.COMMAND, proposal.payload, proposal.payloadCrc);
        if (proposed instanceof RaftCore.Proposed.Accepted accepted) {
            proposal.index = accepted.index();
            proposal.term = accepted.term();
            applier.await(proposal);
        } else if (proposed instanceof RaftCore.Proposed.NotLeader notLeader) {
            proposal.listener.accept(new ProposeResult.NotLeader(notLeader.leader()));
        } else if (proposed instanceof RaftCore.Proposed.Busy busy) {
            proposal.listener.accept(new ProposeResult.Busy(busy.reason()));
        } else {
            throw new AssertionError(proposed);
        }
    }

    private void stepOther(Input.Other input, long now) {
        if (input instanceof Input.Adopted adopted) {
            if (membership.isEmpty()) {
                core.adopted(adopted.membership(), now);
                followFlush(adopted.membership());
                reconfigured(adopted.membership());
                log.info(
                        "adopted into a group replica={} group={} membership={}",
                        config.self(),
                        config.groupName(),
                        adopted.membership());
            }
            adopted.answer().complete(null);
        } else if (input instanceof Input.Trimmed) {
            followTrim();
            followLog();
        } else if (input instanceof Input.DamageFound) {
            if (!store.log().damage().isEmpty()) {
                log.error(
                        "entries are damaged on this disk: they are not served, and this replica does not lead"
                                + " replica={} damage={}",
                        config.self(),
                        store.log().damage());
            }
            followLog();
            bulk.checkLog();
        } else if (input instanceof Input.LogRepaired) {
            core.prepended(store.log().firstIndex(), store.log().terms());
            followLog();
            if (store.log().damage().isEmpty()) {
                log.info(
                        "the log is whole replica={} firstIndex={}",
                        config.self(),
                        store.log().firstIndex());
            }
        } else if (input instanceof Input.Unrepairable found) {
            needSnapshotPast(found.entries());
        } else if (input instanceof Input.SnapshotComplete complete) {
            decideOn(complete.manifest());
        } else if (input instanceof Input.StateRestored restored) {
            // A turn after the core took no more entries: what it had accepted before is in front of this in the queue.
            SnapshotManifest manifest = restored.manifest();
            writer.change(
                    () -> {
                        if (restored.keepsLog()) {
                            store.keepLog(manifest);
                        } else {
                            store.resetLog(manifest);
                        }
                        store.discardSnapshot();
                    },
                    () -> tell(new Input.SnapshotTakenOver(manifest, restored.keepsLog())));
        } else if (input instanceof Input.SnapshotTakenOver taken) {
            installed(taken.manifest(), taken.keepsLog());
        } else if (input instanceof Input.Change change) {
            requests.begun(core.changeMembership(change.change(), now), change.answer(), now);
        } else if (input instanceof Input.Judge asked) {
            requests.begun(core.judge(asked.change(), now), asked.answer(), now);
        } else if (input instanceof Input.Transfer asked) {
            requests.begun(core.transferLeadership(asked.to(), now), asked.answer(), now);
        } else if (input instanceof Input.Close) {
            core.resign();
            leaving = true;
        } else {
            throw new AssertionError(input);
        }
    }

    /** A log may be trimmed as far as a state allows that the core has not heard of: then it is told later. */
    private void followTrim() {
        long first = store.log().firstIndex();
        trimAhead = core.installing() || first > appliedIndex + 1;
        if (!trimAhead) {
            core.trimmed(first);
        }
    }

    /** The damage first: whatever is repaired meanwhile still counts as damaged, and so its terms and memberships are known. */
    private void followLog() {
        List<LostRange> lost = damagedRanges();
        core.repaired(store.log().terms(), store.log().configs());
        core.damaged(lost);
        tellWhatIsHeld();
    }

    /** What the state has passed does not stop it, but what follows in the same file may. */
    private void needSnapshotPast(IndexRange entries) {
        long appliedHere = applier.appliedIndex();
        OptionalLong blocking = store.log().damage().stream()
                .filter(damage -> damage.toIndex() > appliedHere && damage.toIndex() >= entries.from())
                .mapToLong(damage -> Math.max(Math.max(damage.fromIndex(), appliedHere + 1), entries.from()))
                .min();
        if (blocking.isPresent()
                && blocking.getAsLong() <= entries.to()
                && (blocking.getAsLong() == entries.from() || blocking.getAsLong() <= applier.targetIndex())) {
            log.warn(
                    "the state cannot pass a damaged entry that others have trimmed: waiting for a snapshot"
                            + " index={} replica={}",
                    blocking.getAsLong(),
                    config.self());
            core.needSnapshot(blocking.getAsLong());
        }
    }

    private void decideOn(SnapshotManifest manifest) {
        RaftCore.Install install = core.beginInstall(manifest.index(), manifest.term());
        undecided = install == RaftCore.Install.NOT_YET ? Optional.of(manifest) : Optional.empty();
        if (undecided.isPresent()) {
            return;
        }
        if (install == RaftCore.Install.NO) {
            log.info("a snapshot is no longer needed index={}", manifest.index());
            bulk.discardSnapshot();
            return;
        }
        log.info("taking over a snapshot index={} term={} install={}", manifest.index(), manifest.term(), install);
        boolean keepsLog = install == RaftCore.Install.STATE_ONLY;
        bulk.publish(
                keepsLog,
                () -> applier.restore(
                        store.snapshotFolder(),
                        manifest.index(),
                        () -> tell(new Input.StateRestored(manifest, keepsLog))));
    }

    private void installed(SnapshotManifest manifest, boolean keepsLog) {
        stateLost = false;
        if (keepsLog) {
            core.installedState(manifest.index());
            followLog();
        } else {
            tail.restartBehind(manifest.index());
            core.installed(manifest.index(), manifest.term(), manifest.config());
        }
        tellWhatIsHeld();
        appliedIndex = manifest.index();
        bulk.snapshotInstalled();
        view = look();
        log.info(
                "a snapshot is installed, the log goes on behind it index={} term={} replica={}",
                manifest.index(),
                manifest.term(),
                config.self());
    }

    /** Order is safety, see {@link Effects}. */
    private void perform(Effects effects) {
        // Before what is to be written: an entry that ends asynchronous flushes is synced itself.
        effects.membership().ifPresent(config -> followFlush(config.membership()));
        if (effects.persist().isPresent()) {
            Persist persist = effects.persist().get();
            if (persist.truncateFrom().isPresent()) {
                tail.truncateFrom(persist.truncateFrom().getAsLong());
            }
            tail.add(persist.entries(), core.durableIndex());
            writer.persist(persist);
        }
        for (Outbound outbound : effects.sendNow()) {
            transport.send(outbound.to(), outbound.message());
        }
        if (!stateLost) {
            applier.applyUpTo(effects.commitIndex());
        }
        for (Effects.ReadReady ready : effects.readsReady()) {
            CompletableFuture<Long> answer = waitingReads.remove(ready.context());
            if (answer != null) {
                applier.await(ready.index(), answer);
            }
        }
        for (long context : effects.readsFailed()) {
            CompletableFuture<Long> answer = waitingReads.remove(context);
            if (answer != null) {
                answer.completeExceptionally(notLeading());
            }
        }
        effects.membership().ifPresent(config -> reconfigured(config.membership()));
        effects.roleChange().ifPresent(this::announce);
        for (Effects.LogRead read : effects.logReads()) {
            serve(read);
        }
        effects.fetchSnapshot().ifPresent(bulk::fetchSnapshot);
    }

    private void followFlush(Membership inForce) {
        writer.async(inForce.isAsync());
        if (!flushDiffers && inForce.flush() != config.storage().flush()) {
            flushDiffers = true;
            log.warn(
                    "the group flushes {}, the configuration of this replica says {}: the group decides, 'argosy raft flush'"
                            + " changes it replica={}",
                    inForce.flush(),
                    config.storage().flush(),
                    config.self());
        }
    }

    /** Any thread but the lanes'; returns when the log is synced, or this replica stops. */
    void syncLog() {
        if (membership.filter(Membership::isAsync).isEmpty()) {
            return;
        }
        CountDownLatch synced = new CountDownLatch(1);
        writer.change(store.log()::sync, synced::countDown);
        try {
            while (!synced.await(SYNC_LOOK_MILLIS, TimeUnit.MILLISECONDS)) {
                if (failed.get() || closing) {
                    return; // closing the store syncs it
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void reconfigured(Membership inForce) {
        if (membership.filter(inForce::equals).isPresent()) {
            return;
        }
        membership = Optional.of(inForce);
        voter = isVoterIn(inForce);
        transport.joinGroup(inForce);
        log.info(
                "membership voters={} learners={} replica={} group={}",
                inForce.voters(),
                inForce.learners(),
                config.self(),
                config.groupName());
    }

    private boolean isVoterIn(Membership inForce) {
        return inForce.voter(config.self())
                .filter(member -> member.isStore(store.storeUuid()))
                .isPresent();
    }

    private void announce(RoleChange change) {
        log.info(
                "role={} term={} leader={} replica={} group={} lastIndex={} commitIndex={}",
                change.role(),
                change.term(),
                change.leader().map(ReplicaId::toString).orElse("unknown"),
                config.self(),
                config.groupName(),
                core.lastIndex(),
                core.commitIndex());
        inputs.role(
                change.role() == Role.LEADER,
                change.term(),
                change.leader().map(ReplicaId::value).orElse(0),
                core.lastIndex(),
                core.commitIndex(),
                surroundings.nanoClock().getAsLong());
        view = look();
        stateMachine.roleChanged(change);
    }

    /** What the core has let go is mostly still in the tail cache; else the reader pool gets it from the disk. */
    private void serve(Effects.LogRead read) {
        long durable = core.durableIndex();
        List<Entry> run = tail.run(read.fromIndex(), core.lastIndex(), read.bytesMax(), Integer.MAX_VALUE);
        if (!run.isEmpty()) {
            core.logRead(read.peer(), read.session(), run);
            return;
        }
        try {
            readers.execute(() -> {
                List<Entry> entries = List.of();
                try {
                    entries = reads.readFromDisk(read.fromIndex(), durable, read.bytesMax());
                } catch (RuntimeException e) {
                    log.warn(
                            "cannot read what a follower needs peer={} fromIndex={}", read.peer(), read.fromIndex(), e);
                }
                tell(new Input.LogRead(read.peer(), read.session(), entries));
            });
        } catch (RejectedExecutionException e) {
            log.debug("not reading for peer={}, closing", read.peer());
        }
    }

    private View look() {
        return new View(
                core.role(),
                core.term(),
                core.leader(),
                core.lastIndex(),
                core.durableIndex(),
                core.commitIndex(),
                core.handingOverTo(),
                List.copyOf(core.peers()));
    }

    private NotLeaderException notLeading() {
        return new NotLeaderException("replica " + config.self() + " does not lead group " + config.groupName());
    }

    // ------------------------------------------------------------------------------------------------- the end

    /** Inputs that nobody will step any more; by the loop as it ends, and by whoever came too late. */
    private synchronized void drainAfterEnd() {
        // Synchronized because the inbox allows one reader, and the loop, its reader, has ended.
        for (Input input = inbox.poll(); input != null; input = inbox.poll()) {
            if (input instanceof Proposal proposal) {
                proposal.listener.accept(new ProposeResult.NotLeader(Optional.empty()));
            } else if (input instanceof Input.Read read) {
                read.answer().completeExceptionally(notLeading());
            } else if (input instanceof Input.Adopted adopted) {
                // Durable, if not yet in effect.
                adopted.answer().complete(null);
            } else if (input instanceof Input.Change change) {
                change.answer().complete(new OperatorResult.NotLeader(Optional.empty()));
            } else if (input instanceof Input.Judge asked) {
                asked.answer().complete(new OperatorResult.NotLeader(Optional.empty()));
            } else if (input instanceof Input.Transfer asked) {
                asked.answer().complete(new OperatorResult.NotLeader(Optional.empty()));
            }
        }
        requests.abandon();
        waitingReads.values().forEach(answer -> answer.completeExceptionally(notLeading()));
        waitingReads.clear();
    }

    /**
     * A lane threw: the replica stops, loudly. Returns false if it had stopped already.
     *
     * @param lane name of the lane
     */
    boolean fail(String lane, Throwable cause) {
        boolean first = failed.compareAndSet(false, true);
        if (lane.equals(LOOP)) {
            loopEnded = true;
            drainAfterEnd();
        }
        if (!first) {
            return false;
        }
        boolean disk = cause instanceof DiskFailure || cause instanceof IOException;
        // A disk that failed is not written to any more (R30), and its failure says it all.
        String bundle = disk ? "none" : bundle(lane, cause);
        failure = Optional.of(lane + ": " + cause + (disk ? "" : "; evidence: " + bundle));
        log.error(
                "replica stops, it cannot go on safely replica={} group={} thread={} evidence={}",
                config.self(),
                config.groupName(),
                lane,
                bundle,
                cause);
        view = new View(
                Role.FOLLOWER,
                view.term(),
                Optional.empty(),
                view.lastIndex(),
                view.durableIndex(),
                view.commitIndex(),
                Optional.empty(),
                view.peers());
        surroundings.failure().failed(disk ? FailureHook.DISK_FAILED : FailureHook.BROKEN, cause);
        // Reached in tests only: a process has ended by now.
        writer.stop();
        applier.stop();
        bulk.stop();
        wake.raise();
        return true;
    }

    private String bundle(String lane, Throwable cause) {
        long now = surroundings.nanoClock().getAsLong();
        String state;
        String lines;
        try {
            // Not the loop's thread, perhaps: what another lane reads here may be torn, and is worth having.
            state = "status " + status() + "\ncore " + core.describe() + "\nwriter persistedSequence="
                    + writer.persistedSequence() + " oldestPendingNanos=" + writer.oldestPendingNanos(now)
                    + "\napplier targetIndex=" + applier.targetIndex() + " appliedIndex=" + applier.appliedIndex()
                    + "\ninputs " + inputs.count() + "\n";
            lines = inputs.lines(now);
        } catch (RuntimeException e) {
            state = "the state cannot be described: " + e;
            lines = "";
        }
        return evidence.write(surroundings.clock().instant(), lane, cause, state, lines)
                .map(Path::toString)
                .orElse("none");
    }

    /** Gives up leadership, then the loop ends; then {@link #writer} and {@link #applier} can be finished. */
    void leave() {
        closing = true;
        tell(new Input.Close());
    }

    /** After all lanes have ended: answers what nobody will decide any more. */
    void abandon() {
        applier.abandon(notLeading());
        writer.abandon(answer -> answer.completeExceptionally(new IllegalStateException("closed")));
    }
}
