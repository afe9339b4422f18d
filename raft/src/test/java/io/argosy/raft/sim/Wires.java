package io.argosy.raft.sim;

import io.argosy.raft.Member;
import io.argosy.raft.Membership;
import io.argosy.raft.ReplicaId;
import io.argosy.raft.core.Message;
import io.argosy.raft.core.Message.AppendRequest;
import io.argosy.raft.core.Message.AppendResponse;
import io.argosy.raft.transport.Bulk;
import io.argosy.raft.transport.BulkOnTheWire;
import io.argosy.raft.transport.PeerTransport;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The network between nodes. Messages are delayed, and at some seeds lost, doubled or overtaken; links are cut one way
 * or both, or clogged until they burst. Streams open and break as the real transport's do, with a session each.
 */
final class Wires {

    private static final long MILLI = Swarm.MILLI;
    private static final long RPC_TIMEOUT_NANOS = 1_000 * MILLI;

    private final World world;
    private final EventQueue events;
    private final Swarm swarm;
    private final SplittableRandom random;
    private final int size;
    private final Link[][] links;
    private final @Nullable Transport[] attached;
    private long sessions;

    /** One direction. */
    private static final class Link {
        boolean cut;
        boolean open;
        long clogUntilNanos;
        long lastArrivalNanos;
        /** Of the receiver, to which its stream was opened. */
        int life;
    }

    Wires(World world, SplittableRandom random, int size) {
        this.world = world;
        this.events = world.events();
        this.swarm = world.swarm();
        this.random = random;
        this.size = size;
        this.links = new Link[size][size];
        for (Link[] row : links) {
            for (int i = 0; i < size; i++) {
                row[i] = new Link();
            }
        }
        this.attached = new Transport[size];
    }

    PeerTransport transport(SimulatedNode node) {
        return new Transport(node);
    }

    // ---------------------------------------------------------------------------------------------------- faults

    void cut(int from, int to) {
        Link link = links[from][to];
        if (from == to || link.cut) {
            return;
        }
        link.cut = true;
        // A connection needs both ways; each side notices in its own time.
        breakLater(from, to);
        breakLater(to, from);
    }

    private void breakLater(int from, int to) {
        if (random.nextBoolean()) {
            events.after(random.nextLong(3_000 * MILLI), () -> {
                if (links[from][to].cut || links[to][from].cut) {
                    breakStream(from, to);
                }
            });
        }
    }

    /** Both ways. */
    void join(int a, int b) {
        links[a][b].cut = false;
        links[b][a].cut = false;
    }

    void healAll() {
        for (Link[] row : links) {
            for (Link link : row) {
                link.cut = false;
                link.clogUntilNanos = 0;
            }
        }
    }

    void clog(int from, int to, long spanNanos) {
        links[from][to].clogUntilNanos = events.nowNanos() + spanNanos;
    }

    boolean isCut(int from, int to) {
        return links[from][to].cut;
    }

    /** The stream breaks and opens again soon. */
    void breakStream(int from, int to) {
        Link link = links[from][to];
        Transport transport = attached[from];
        if (link.open && transport != null) {
            link.open = false;
            world.trace().add(from, "loses", "stream to r" + (to + 1), to);
            transport.tell(l -> l.peerUnreachable(world.nodes().get(to).id()));
            connectLater(from, to);
        }
    }

    void died(SimulatedNode node) {
        int dead = node.position();
        attached[dead] = null;
        for (int other = 0; other < size; other++) {
            links[dead][other].open = false;
            if (links[other][dead].open && attached[other] != null) {
                int witness = other;
                // A killed process resets its connections; a machine without power says nothing.
                boolean silent = random.nextInt(4) == 0;
                events.after(silent ? random.nextLong(2_000 * MILLI) : random.nextLong(5 * MILLI), () -> {
                    Transport transport = attached[witness];
                    boolean gone = attached[dead] == null || isOfAnEarlierLife(links[witness][dead], node);
                    if (transport != null && gone && !links[dead][witness].cut) {
                        breakStream(witness, dead);
                        if (!silent) {
                            transport.tell(l -> l.peerLost(node.id()));
                        }
                    }
                });
            }
        }
    }

    /**
     * A stream ends with the process that it leads to. Without asynchronous flushes it may as well lead to the next one,
     * which has all that this one confirmed.
     */
    private boolean isOfAnEarlierLife(Link link, SimulatedNode receiver) {
        return swarm.has(FaultClass.ASYNC) && link.life != receiver.incarnation();
    }

    private void connectLater(int from, int to) {
        Transport transport = attached[from];
        if (transport != null) {
            transport.connecting[to] = true;
        }
        events.after(MILLI + random.nextLong(100 * MILLI), () -> {
            if (transport != null) {
                transport.connecting[to] = false;
            }
            if (attached[from] == transport && transport != null && !links[from][to].open) {
                connect(transport, from, to);
            }
        });
    }

    private void connect(Transport transport, int from, int to) {
        Transport peer = attached[to];
        if (transport
                .membership
                .filter(m -> m.member(world.nodes().get(to).id()).isEmpty())
                .isPresent()) {
            // Removed; if it ever comes back, the membership says so.
            return;
        }
        if (peer == null || !transport.joined || !peer.joined || links[from][to].cut || links[to][from].cut) {
            connectLater(from, to);
            return;
        }
        links[from][to].open = true;
        links[from][to].life = peer.node.incarnation();
        world.trace().add(from, "opens", "stream to r" + (to + 1) + ", session " + (sessions + 1), to);
        long session = ++sessions;
        transport.tell(l -> l.peerReset(peer.node.id(), session));
    }

    // -------------------------------------------------------------------------------------------------- messages

    private void send(SimulatedNode from, ReplicaId to, Message message) {
        world.checks().sent(from, to, message);
        SimulatedNode receiver = world.node(to);
        world.trace().add(from.position(), "sends", new Sent(to, message), hash(message) + to.value());
        Link link = links[from.position()][receiver.position()];
        boolean onStream = message instanceof AppendRequest;
        if (onStream && !link.open) {
            return;
        }
        world.counts().messages++;
        if (link.cut) {
            world.counts().messagesCut++;
            return;
        }
        if (swarm.lossPermille > 0 && random.nextInt(1000) < swarm.lossPermille) {
            world.counts().messagesLost++;
            return;
        }
        deliver(link, from, receiver, message);
        if (swarm.duplicatePermille > 0 && random.nextInt(1000) < swarm.duplicatePermille) {
            world.counts().messagesDoubled++;
            deliver(link, from, receiver, message);
        }
    }

    private void deliver(Link link, SimulatedNode from, SimulatedNode receiver, Message message) {
        int life = link.life;
        long at = events.nowNanos() + delay();
        if (link.clogUntilNanos > at) {
            at = link.clogUntilNanos + random.nextLong(MILLI);
        }
        if (swarm.inOrder) {
            at = Math.max(at, link.lastArrivalNanos);
            link.lastArrivalNanos = at;
        }
        events.after(at - events.nowNanos(), () -> {
            Transport transport = attached[receiver.position()];
            boolean onStream = message instanceof AppendRequest;
            if (onStream && swarm.has(FaultClass.ASYNC) && life != receiver.incarnation()) {
                if (link.life == life && transport != null) {
                    breakStream(from.position(), receiver.position());
                }
            } else if (transport != null && !link.cut) {
                transport.tell(l -> l.received(from.id(), message));
            }
        });
    }

    private long delay() {
        return swarm.delayMinNanos + (long) (-Math.log(1 - random.nextDouble()) * swarm.delayMeanNanos);
    }

    private record Sent(ReplicaId to, Message message) {
        @Override
        public String toString() {
            return "to " + Words.replica(to) + ": " + Words.of(message);
        }
    }

    private static long hash(Message message) {
        long detail = message.getClass().getSimpleName().length();
        if (message instanceof AppendRequest m) {
            detail += m.prevIndex() * 31 + m.entries().size() * 7L + m.commitIndex();
        } else if (message instanceof AppendResponse m) {
            detail += m.index() * 31 + (m.rejected() ? 1 : 0);
        }
        return detail * 1_000_003 + message.term();
    }

    /** One process's end of all its links. */
    private final class Transport implements PeerTransport {
        private final SimulatedNode node;
        private Optional<PeerListener> listener = Optional.empty();
        private boolean joined;
        private Optional<Membership> membership = Optional.empty();
        private final boolean[] connecting = new boolean[size];

        Transport(SimulatedNode node) {
            this.node = node;
        }

        @Override
        public void start(PeerListener toTell) {
            listener = Optional.of(toTell);
            attached[node.position()] = this;
        }

        /** As the process finds it: later if it is stopped. */
        private void tell(java.util.function.Consumer<PeerListener> news) {
            node.inProcess(() -> listener.ifPresent(news));
        }

        @Override
        public void send(ReplicaId to, Message message) {
            if (attached[node.position()] == this) {
                Wires.this.send(node, to, message);
            }
        }

        @Override
        public void joinGroup(Membership inForce) {
            joined = true;
            membership = Optional.of(inForce);
            for (Member member : inForce.members()) {
                int other = world.node(member.id()).position();
                if (other != node.position() && !links[node.position()][other].open && !connecting[other]) {
                    connectLater(node.position(), other);
                }
            }
        }

        @Override
        public void know(ReplicaId peer, String address) {
            // Everybody finds everybody here.
        }

        @Override
        public CompletableFuture<StoreDescription> describeStore(ReplicaId peer) {
            return ask(peer, l -> CompletableFuture.completedFuture(l.describeStore()));
        }

        @Override
        public CompletableFuture<Void> adoptGroup(ReplicaId peer, String groupName, Membership membership) {
            return ask(peer, l -> l.adoptGroup(groupName, membership));
        }

        @Override
        public CompletableFuture<Bulk.Answer> bulk(ReplicaId peer, Bulk.Request request) {
            return ask(peer, l -> l.bulk(node.id(), request).thenCompose(answer -> carry(world.node(peer), answer)));
        }

        private CompletableFuture<Bulk.Answer> carry(SimulatedNode giver, Bulk.Answer answer) {
            if (answer instanceof Bulk.LogPart part) {
                world.checks().given(giver, part);
            }
            boolean garbled = swarm.has(FaultClass.GARBLE) && world.isStriking() && random.nextInt(8) == 0;
            if (garbled) {
                world.counts().partsGarbled++;
            }
            try {
                return CompletableFuture.completedFuture(BulkOnTheWire.carry(
                        answer, garbled ? OptionalInt.of(random.nextInt(1 << 30)) : OptionalInt.empty()));
            } catch (BulkOnTheWire.NoticedException e) {
                return CompletableFuture.failedFuture(e);
            }
        }

        private <T> CompletableFuture<T> ask(ReplicaId peer, Function<PeerListener, CompletableFuture<T>> question) {
            CompletableFuture<T> answer = new CompletableFuture<>();
            int to = world.node(peer).position();
            int from = node.position();
            events.after(delay(), () -> {
                Transport asked = attached[to];
                if (asked != null && !links[from][to].cut) {
                    asked.tell(l -> {
                        CompletableFuture<T> unused = question.apply(l)
                                .whenComplete((value, failure) ->
                                        events.after(delay(), () -> answered(to, answer, value, failure)));
                    });
                }
            });
            events.after(
                    RPC_TIMEOUT_NANOS,
                    () -> node.inProcess(() -> {
                        if (!answer.isDone()) {
                            answer.completeExceptionally(new IllegalStateException("timed out"));
                        }
                    }));
            return answer;
        }

        private <T> void answered(
                int from, CompletableFuture<T> answer, @Nullable T value, @Nullable Throwable failure) {
            if (links[from][node.position()].cut) {
                return;
            }
            node.inProcess(() -> {
                if (failure == null) {
                    complete(answer, value);
                } else {
                    answer.completeExceptionally(failure);
                }
            });
        }

        /** An adoption is answered without a value. */
        @SuppressWarnings("NullAway")
        private static <T> void complete(CompletableFuture<T> answer, @Nullable T value) {
            answer.complete(value);
        }

        @Override
        public void close() {
            if (attached[node.position()] == this) {
                attached[node.position()] = null;
            }
        }
    }
}
