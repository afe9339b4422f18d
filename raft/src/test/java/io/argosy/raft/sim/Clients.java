package io.argosy.raft.sim;

import io.argosy.raft.Entry;
import io.argosy.raft.EntryType;
import io.argosy.raft.ProposeResult;
import io.argosy.raft.RaftNode.DamagedEntryException;
import io.argosy.raft.RaftNode.NotLeaderException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Clients that propose and read, and the judge of what they are told: an acknowledged command stands exactly once, at
 * the place that was named, behind everything acknowledged before it was asked for; a refused one stands nowhere; a read
 * shows everything that was committed before it began.
 */
final class Clients {

    private static final long MILLI = Swarm.MILLI;
    private static final int READ_BYTES = 4_000;

    private enum Outcome {
        PENDING,
        ACKNOWLEDGED,
        REFUSED
    }

    private static final class Operation {
        final long acknowledgedBefore;
        Outcome outcome = Outcome.PENDING;

        Operation(long acknowledgedBefore) {
            this.acknowledgedBefore = acknowledgedBefore;
        }
    }

    private final World world;
    private final EventQueue events;
    private final SplittableRandom random;
    private final Workload workload;
    private final List<Operation> operations = new ArrayList<>();
    private final Map<Long, Long> committedAt = new HashMap<>();
    private long acknowledgedIndex;
    private long learntIndex;
    private boolean stopped;

    Clients(World world, SplittableRandom random, Workload workload) {
        this.world = world;
        this.events = world.events();
        this.random = random;
        this.workload = workload;
    }

    void begin() {
        stopped = false;
        next();
    }

    void stop() {
        stopped = true;
    }

    long acknowledgedIndex() {
        return acknowledgedIndex;
    }

    private void next() {
        long meanNanos = 1_000 * MILLI / world.swarm().requestsPerSecond;
        events.after(1 + random.nextLong(2 * meanNanos), () -> {
            if (!stopped) {
                ask();
                next();
            }
        });
    }

    private void ask() {
        List<SimulatedNode> nodes = world.nodes();
        SimulatedNode node = random.nextInt(5) == 0
                ? nodes.get(random.nextInt(nodes.size()))
                : world.anyLeader().orElse(nodes.get(random.nextInt(nodes.size())));
        int kind = random.nextInt(10);
        node.inProcess(() -> {
            if (kind < 7) {
                propose(node);
            } else if (kind < 9) {
                read(node);
            } else {
                readLog(node);
            }
        });
    }

    // ------------------------------------------------------------------------------------------------- commands

    void propose(SimulatedNode node) {
        long number = operations.size();
        Operation operation = new Operation(acknowledgedIndex);
        operations.add(operation);
        ByteBuffer command = workload.command(number, world.swarm().payloadBytesMax, random);
        node.replica().propose(command, Entry.crcOf(command), result -> decided(node, number, operation, result));
        world.counts().operations++;
    }

    private void decided(SimulatedNode node, long number, Operation operation, ProposeResult result) {
        world.checks().require(operation.outcome == Outcome.PENDING, node, "R54 operation " + number + " twice");
        if (result instanceof ProposeResult.Committed committed) {
            operation.outcome = Outcome.ACKNOWLEDGED;
            Long at = committedAt.get(number);
            if (at == null || at != committed.index()) {
                throw world.checks()
                        .violated(
                                node,
                                "E12 operation " + number + " acknowledged at " + committed.index() + " but stands at "
                                        + at);
            }
            if (committed.index() <= operation.acknowledgedBefore) {
                throw world.checks()
                        .violated(
                                node,
                                "operation " + number + " at " + committed.index() + " began after "
                                        + operation.acknowledgedBefore + " was acknowledged");
            }
            acknowledgedIndex = Math.max(acknowledgedIndex, committed.index());
        } else if (result instanceof ProposeResult.Indeterminate) {
            world.counts().operationsUnknown++;
        } else {
            operation.outcome = Outcome.REFUSED;
            if (committedAt.containsKey(number)) {
                throw world.checks().violated(node, "R54 operation " + number + " refused but stands in the log");
            }
        }
    }

    /** An entry became known for certain. */
    void learn(SimulatedNode node, Entry entry) {
        if (entry.index() <= learntIndex) {
            return;
        }
        if (entry.index() != learntIndex + 1) {
            throw world.checks().violated(node, "E8 applied " + entry + " but only " + learntIndex + " was seen");
        }
        learntIndex = entry.index();
        if (entry.type() == EntryType.COMMAND) {
            long number = workload.operationOf(entry.payload());
            Long before = committedAt.put(number, entry.index());
            if (before != null) {
                throw world.checks().violated(node, "operation " + number + " stands twice, first at " + before);
            }
            if (number < 0 || number >= operations.size()) {
                throw world.checks().violated(node, "operation " + number + " was never asked for");
            }
            if (operations.get((int) number).outcome == Outcome.REFUSED) {
                throw world.checks().violated(node, "R54 operation " + number + " was refused but is committed");
            }
        }
    }

    // --------------------------------------------------------------------------------------------------- reads

    private void read(SimulatedNode node) {
        long floor = world.checks().committedIndex();
        int life = node.incarnation();
        CompletableFuture<Long> unused = node.replica().readIndex().whenComplete((index, failure) -> {
            // In an event of its own: what a future's callback throws is lost.
            long applied = node.appliedIndex();
            events.after(0, () -> readAnswered(node, life, floor, index == null ? -1 : index, applied, failure));
        });
    }

    private void readAnswered(
            SimulatedNode node, int life, long floor, long index, long applied, @Nullable Throwable failure) {
        if (failure != null) {
            if (!(failure instanceof NotLeaderException)) {
                throw new Violation("read failed at replica " + node.id(), failure);
            }
        } else if (node.incarnation() == life) {
            world.counts().readsConfirmed++;
            if (index < floor || applied < index) {
                throw world.checks()
                        .violated(
                                node,
                                "R44 stale read at " + index + ", applied " + applied + ", committed before " + floor);
            }
        }
    }

    private void readLog(SimulatedNode node) {
        long first = Math.max(1, node.replica().log().firstIndex());
        long last = node.replica().targetIndex() + random.nextInt(3);
        if (last < first) {
            return;
        }
        long from = first + random.nextLong(last - first + 1);
        CompletableFuture<List<Entry>> unused = node.replica()
                .log()
                .read(from, READ_BYTES)
                .whenComplete((entries, failure) -> events.after(0, () -> {
                    if (failure == null) {
                        world.counts().logReads++;
                        for (Entry entry : entries) {
                            world.checks().shown(node, entry, "read of the log");
                        }
                    } else if (failure instanceof DamagedEntryException && !node.excused()) {
                        throw new Violation("read of the log at replica " + node.id(), failure);
                    }
                }));
    }

    void died(SimulatedNode node) {
        // Its callers never hear: pending stays pending, which is unknown.
        world.trace().mix(node.position());
    }
}
