package io.argosy.raft.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.argosy.proto.v1.AppendRequest;
import io.argosy.proto.v1.RaftFrame;
import io.argosy.proto.v1.RaftPeerGrpc;
import io.argosy.proto.v1.StreamOpen;
import io.argosy.raft.Entry;
import io.argosy.raft.EntryType;
import io.argosy.raft.FreePort;
import io.argosy.raft.Member;
import io.argosy.raft.Membership;
import io.argosy.raft.RaftConfig;
import io.argosy.raft.ReplicaId;
import io.argosy.raft.core.Message;
import io.argosy.raft.transport.PeerTransport.StoreDescription;
import io.argosy.wire.auth.ClusterSecret;
import io.argosy.wire.auth.PeerProver;
import io.argosy.wire.grpc.PeerEndpoints;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import java.io.ByteArrayOutputStream;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class GrpcPeerTransportTest {

    private static final Duration PATIENCE = Duration.ofSeconds(20);
    private static final ReplicaId ONE = new ReplicaId(1);
    private static final ReplicaId TWO = new ReplicaId(2);
    private static final ClusterSecret SECRET = secret("a secret for tests only");

    private final Map<ReplicaId, InetSocketAddress> addresses =
            Map.of(ONE, FreePort.address(), TWO, FreePort.address());
    private final Member first = new Member(ONE, new UUID(1, 1));
    private final Member second = new Member(TWO, new UUID(2, 2));
    private final Membership group = new Membership(new UUID(7, 7), List.of(first, second));
    private final List<PeerTransport> started = new ArrayList<>();

    @AfterEach
    void close() {
        started.forEach(PeerTransport::close);
    }

    private static ClusterSecret secret(String text) {
        return ClusterSecret.of(text.getBytes(StandardCharsets.UTF_8));
    }

    private InetSocketAddress address(ReplicaId replica) {
        return Optional.ofNullable(addresses.get(replica)).orElseThrow();
    }

    private GrpcPeerTransport start(Member self, ClusterSecret secret, RecordingListener listener) {
        RaftConfig config = new RaftConfig(
                "g1",
                self.id(),
                addresses,
                address(self.id()),
                Path.of("unused"),
                RaftConfig.Timing.DEFAULT,
                RaftConfig.Limits.DEFAULT,
                RaftConfig.Storage.DEFAULT);
        GrpcPeerTransport transport =
                new GrpcPeerTransport(config, self.storeUuid(), secret, new SecureRandom(), System::nanoTime);
        transport.start(listener);
        started.add(transport);
        return transport;
    }

    private static void awaitOpen(RecordingListener listener) {
        await().atMost(PATIENCE).until(() -> !listener.sessions.isEmpty());
    }

    private static Entry entry(long index, String payload) {
        return Entry.of(index, 3, EntryType.COMMAND, ByteBuffer.wrap(payload.getBytes(StandardCharsets.UTF_8)));
    }

    private static List<Message> oneOfEach() {
        return List.of(
                new Message.VoteRequest(5, 10, 4, true, false, true, false),
                new Message.VoteResponse(5, false, true, Message.Refusal.LOG_BEHIND),
                new Message.AppendRequest(5, 0, 0, 0, 99, List.of()),
                new Message.AppendResponse(5, 99, true, 7, 3, 6, 5, true),
                new Message.Heartbeat(5, 7, 8, 99, 2048, -3),
                new Message.HeartbeatResponse(5, 8, 99, 7, 6, false, 1),
                new Message.TimeoutNow(5),
                new Message.SnapshotOffer(5, 6, 7),
                new Message.LeaderResigned(5));
    }

    @Test
    void everyKindOfMessageArrivesAsItWasSent() {
        RecordingListener atOne = new RecordingListener(first);
        RecordingListener atTwo = new RecordingListener(second);
        GrpcPeerTransport one = start(first, SECRET, atOne);
        start(second, SECRET, atTwo).joinGroup(group);
        one.joinGroup(group);
        awaitOpen(atOne);

        await().atMost(PATIENCE).until(() -> {
            one.send(TWO, new Message.TimeoutNow(1));
            return !atTwo.received.isEmpty();
        });
        oneOfEach().forEach(message -> one.send(TWO, message));

        await().atMost(PATIENCE).until(() -> atTwo.messages().containsAll(oneOfEach()));
        assertThat(atTwo.received).allMatch(from -> from.replica().equals(ONE));
        assertThat(oneOfEach().stream().map(Message::getClass).distinct().count())
                .isEqualTo(Message.class.getPermittedSubclasses().length);
    }

    @Test
    void entriesArriveWholeAndInOrder() {
        RecordingListener atOne = new RecordingListener(first);
        RecordingListener atTwo = new RecordingListener(second);
        GrpcPeerTransport one = start(first, SECRET, atOne);
        start(second, SECRET, atTwo).joinGroup(group);
        one.joinGroup(group);
        awaitOpen(atOne);
        int appends = 300;

        for (int i = 0; i < appends; i++) {
            long index = i * 2L + 1;
            one.send(
                    TWO,
                    new Message.AppendRequest(
                            3, index - 1, 3, 0, 1, List.of(entry(index, "x".repeat(i * 101)), entry(index + 1, ""))));
        }

        await().atMost(PATIENCE).until(() -> atTwo.received.size() == appends);
        for (int i = 0; i < appends; i++) {
            Message.AppendRequest append =
                    (Message.AppendRequest) atTwo.messages().get(i);
            assertThat(append.prevIndex()).isEqualTo(i * 2L);
            assertThat(append.entries()).hasSize(2);
            assertThat(append.entries().get(0).payload())
                    .isEqualTo(entry(1, "x".repeat(i * 101)).payload());
        }
    }

    @Test
    void framesOfEntriesAreWhatTheGeneratedClassWouldWrite() throws Exception {
        Message.AppendRequest append = new Message.AppendRequest(
                3, 4, 2, 1, 9, List.of(entry(5, "five"), entry(6, "y".repeat(20_000)), entry(7, "")));

        ByteArrayOutputStream written = new ByteArrayOutputStream();
        int size = ((io.grpc.Drainable) new OutFrame.OutFrameMarshaller().stream(OutFrame.of(append))).drainTo(written);
        byte[] read =
                new OutFrame.OutFrameMarshaller().stream(OutFrame.of(append)).readAllBytes();

        assertThat(size).isEqualTo(written.size()).isEqualTo(OutFrame.of(append).sizeBytes());
        assertThat(read).isEqualTo(written.toByteArray());
        assertThat(RaftFrame.parseFrom(read)).isEqualTo(FrameCodec.encode(append));
    }

    @Test
    void aPeerWithAWrongSecretIsRefused() {
        RecordingListener atOne = new RecordingListener(first);
        RecordingListener atTwo = new RecordingListener(second);
        GrpcPeerTransport one = start(first, SECRET, atOne);
        GrpcPeerTransport two = start(second, secret("not the same secret"), atTwo);
        one.joinGroup(group);
        two.joinGroup(group);

        assertThatThrownBy(() -> one.describeStore(TWO).join()).hasMessageContaining("UNAUTHENTICATED");
        assertThatThrownBy(() -> two.adoptGroup(ONE, "g1", group).join()).hasMessageContaining("UNAUTHENTICATED");
        assertThat(atOne.sessions).isEmpty();
        assertThat(atTwo.sessions).isEmpty();
        assertThat(atOne.adopted).isEmpty();
    }

    @Test
    void aStoreIsDescribedAndAdopted() {
        RecordingListener atTwo = new RecordingListener(second);
        GrpcPeerTransport one = start(first, SECRET, new RecordingListener(first));
        start(second, SECRET, atTwo);

        StoreDescription before = one.describeStore(TWO).join();
        one.adoptGroup(TWO, "g1", group).join();

        assertThat(before).isEqualTo(new StoreDescription(second, Optional.empty()));
        assertThat(one.describeStore(TWO).join()).isEqualTo(new StoreDescription(second, Optional.of(group)));
        assertThatThrownBy(() -> one.adoptGroup(TWO, "other", group).join())
                .hasMessageContaining("FAILED_PRECONDITION: not other");
    }

    /** Opens a stream by hand, says one thing more, and tells how it ended. */
    private Status end(StreamOpen open, RaftFrame... more) {
        ManagedChannel channel = PeerEndpoints.channel(address(ONE), 1 << 20).build();
        try {
            new PeerProver(SECRET, "test", new SecureRandom(), Duration.ofSeconds(10))
                    .prove(channel)
                    .join();
            CompletableFuture<Status> ended = new CompletableFuture<>();
            StreamObserver<RaftFrame> stream = RaftPeerGrpc.newStub(channel).append(new StreamObserver<>() {
                @Override
                public void onNext(RaftFrame frame) {}

                @Override
                public void onError(Throwable failure) {
                    ended.complete(Status.fromThrowable(failure));
                }

                @Override
                public void onCompleted() {
                    ended.complete(Status.OK);
                }
            });
            stream.onNext(RaftFrame.newBuilder().setOpen(open).build());
            for (RaftFrame frame : more) {
                stream.onNext(frame);
            }
            return ended.join();
        } finally {
            channel.shutdownNow();
        }
    }

    private StreamOpen.Builder opening() {
        return StreamOpen.newBuilder()
                .setVersion(1)
                .setGroupUuid(FrameCodec.encode(group.groupUuid()))
                .setFromId(2)
                .setFromStoreUuid(FrameCodec.encode(second.storeUuid()))
                .setToId(1)
                .setSession(1);
    }

    @Test
    void aStreamWhoseOpeningDiffersIsRefusedAndTheTextSaysInWhat() {
        RecordingListener atOne = new RecordingListener(first);
        GrpcPeerTransport one = start(first, SECRET, atOne);
        assertThat(end(opening().build()).toString()).contains("FAILED_PRECONDITION", "belongs to no group yet");
        one.joinGroup(group);
        UUID other = new UUID(8, 8);

        assertThat(end(opening().setGroupUuid(FrameCodec.encode(other)).build()).toString())
                .contains(
                        "PERMISSION_DENIED", other.toString(), group.groupUuid().toString());
        assertThat(end(opening().setFromStoreUuid(FrameCodec.encode(other)).build())
                        .toString())
                .contains(
                        "PERMISSION_DENIED",
                        other.toString(),
                        second.storeUuid().toString());
        assertThat(end(opening().setVersion(2).build()).toString()).contains("FAILED_PRECONDITION", "version 1, not 2");
        assertThat(end(opening().setToId(3).build()).toString()).contains("FAILED_PRECONDITION", "as replica 3");
        assertThat(end(opening().setFromId(0).build()).toString()).contains("FAILED_PRECONDITION");
        assertThat(atOne.received).isEmpty();
    }

    @Test
    void aDamagedEntryEndsTheStreamAndIsNotHandedOn() {
        RecordingListener atOne = new RecordingListener(first);
        start(first, SECRET, atOne).joinGroup(group);
        RaftFrame good = FrameCodec.encode(new Message.AppendRequest(3, 0, 0, 0, 1, List.of(entry(1, "payload"))));
        byte[] entries = good.getAppendRequest().getEntries().toByteArray();
        entries[entries.length - 1] ^= 1;
        RaftFrame damaged = good.toBuilder()
                .setAppendRequest(AppendRequest.newBuilder(good.getAppendRequest())
                        .setEntries(com.google.protobuf.ByteString.copyFrom(entries)))
                .build();

        Status status = end(opening().build(), good, damaged);

        assertThat(status.getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
        assertThat(status.getDescription()).contains("damaged");
        assertThat(atOne.received).hasSize(1);
    }

    @Test
    void aPeerThatDiesIsLostAndComesBackUnderAHigherSession() {
        RecordingListener atOne = new RecordingListener(first);
        GrpcPeerTransport one = start(first, SECRET, atOne);
        GrpcPeerTransport two = start(second, SECRET, new RecordingListener(second));
        two.joinGroup(group);
        one.joinGroup(group);
        awaitOpen(atOne);

        two.close();

        await().atMost(PATIENCE).until(() -> atOne.lost.contains(TWO));
        assertThat(atOne.unreachable).contains(TWO);
        RecordingListener again = new RecordingListener(second);
        start(second, SECRET, again).joinGroup(group);
        await().atMost(PATIENCE).until(() -> atOne.sessions.size() == 2);
        assertThat(atOne.sessions.get(1)).isGreaterThan(atOne.sessions.get(0));
        assertThat(atOne.lost).hasSize(1);
        one.send(TWO, new Message.AppendResponse(1, 1, false, 1, 0, 0, 0, false));
        await().atMost(PATIENCE).until(() -> !again.received.isEmpty());
    }

    @Test
    void aPeerThatWasNeverThereIsNotReportedAsLost() {
        RecordingListener atOne = new RecordingListener(first);
        GrpcPeerTransport one = start(first, SECRET, atOne);
        one.joinGroup(group);
        RecordingListener atTwo = new RecordingListener(second);
        start(second, SECRET, atTwo).joinGroup(group);

        awaitOpen(atOne);

        assertThat(atOne.lost).isEmpty();
    }
}
