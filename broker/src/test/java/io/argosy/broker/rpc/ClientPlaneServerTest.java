package io.argosy.broker.rpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.common.util.concurrent.ListenableFuture;
import com.google.protobuf.ByteString;
import com.google.protobuf.Duration;
import io.argosy.proto.v1.ClusterGrpc;
import io.argosy.proto.v1.DescribeClusterRequest;
import io.argosy.proto.v1.GroupView;
import io.argosy.proto.v2.AckMessageRequest;
import io.argosy.proto.v2.ChangeInvisibleDurationRequest;
import io.argosy.proto.v2.ChangeInvisibleDurationResponse;
import io.argosy.proto.v2.ClientType;
import io.argosy.proto.v2.Code;
import io.argosy.proto.v2.EndTransactionRequest;
import io.argosy.proto.v2.ForwardMessageToDeadLetterQueueRequest;
import io.argosy.proto.v2.GetOffsetRequest;
import io.argosy.proto.v2.HeartbeatRequest;
import io.argosy.proto.v2.MessagingServiceGrpc;
import io.argosy.proto.v2.NotifyClientTerminationRequest;
import io.argosy.proto.v2.QueryRouteRequest;
import io.argosy.proto.v2.QueryRouteResponse;
import io.argosy.proto.v2.RecallMessageRequest;
import io.argosy.proto.v2.ReceiveMessageRequest;
import io.argosy.proto.v2.ReceiveMessageResponse;
import io.argosy.proto.v2.Resource;
import io.argosy.proto.v2.SendMessageResponse;
import io.argosy.proto.v2.SyncLiteSubscriptionRequest;
import io.argosy.wire.grpc.Rebinding;
import io.grpc.CallOptions;
import io.grpc.Context;
import io.grpc.stub.ClientCalls;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Clients without any logic of their own against three replicas whose leader the test moves. */
final class ClientPlaneServerTest {

    private static final RelayLimits SHORT_HOLD = new RelayLimits(
            java.time.Duration.ofMillis(300),
            java.time.Duration.ofMillis(500),
            1 << 20,
            64 << 20,
            java.time.Duration.ofMillis(10),
            java.time.Duration.ofMillis(40));

    private ToyGroup group;
    private final List<ToyClient> clients = new ArrayList<>();

    @BeforeEach
    void start() throws Exception {
        group = new ToyGroup(RelayLimits.DEFAULT);
    }

    @AfterEach
    void stop() throws Exception {
        for (ToyClient client : clients) {
            client.close();
        }
        group.close();
    }

    private void restartWith(RelayLimits limits) throws Exception {
        group.close();
        group = new ToyGroup(limits);
    }

    private ToyClient clientOf(int replica) {
        return client(replica, "client-of-" + replica);
    }

    private ToyClient client(int replica, String clientId) {
        ToyClient client = new ToyClient(group.replica(replica).plane.port(), clientId);
        clients.add(client);
        return client;
    }

    @Test
    void everyReplicaTakesSends() {
        group.elect(2);

        for (int replica = 1; replica <= 3; replica++) {
            SendMessageResponse response = clientOf(replica).blocking().sendMessage(ToyClient.send("m" + replica));
            assertThat(response.getStatus().getCode()).isEqualTo(Code.OK);
            assertThat(response.getEntries(0).getMessageId()).isEqualTo("m" + replica);
        }

        assertThat(group.store.messageIds()).containsExactly("m1", "m2", "m3");
    }

    @Test
    void streamedAnswersCrossTheRelayWhole() {
        group.elect(1);
        ToyClient client = clientOf(3);
        byte[] large = new byte[1 << 20];
        for (int i = 0; i < 20; i++) {
            assertThat(client.blocking()
                            .sendMessage(ToyClient.send("m" + i, ByteString.copyFrom(large)))
                            .getStatus()
                            .getCode())
                    .isEqualTo(Code.OK);
        }

        List<ReceiveMessageResponse> answer = receive(client, 32);

        assertThat(answer.get(0).getStatus().getCode()).isEqualTo(Code.OK);
        assertThat(answer.stream().filter(ReceiveMessageResponse::hasMessage)).hasSize(20);
        assertThat(answer.get(21).hasDeliveryTimestamp()).isTrue();
    }

    @Test
    void callIsHeldUntilThereIsALeader() {
        ListenableFuture<SendMessageResponse> sent = clientOf(1).future().sendMessage(ToyClient.send("m1"));
        awaitHeld(1);
        assertThat(sent).isNotDone();

        group.elect(3);

        await().until(sent::isDone);
        assertThat(group.store.messageIds()).containsExactly("m1");
    }

    @Test
    void heldCallsOfOneConnectionKeepTheirOrder() {
        List<String> ids = IntStream.range(0, 200).mapToObj(i -> "m" + i).toList();
        ToyClient client = clientOf(1);
        // Calls that wait for their connection leave in any order.
        var unused = client.blocking().queryRoute(route("known"));
        List<ListenableFuture<SendMessageResponse>> sent = new ArrayList<>();
        for (String id : ids) {
            sent.add(client.future().sendMessage(ToyClient.send(id)));
        }

        group.elect(2);

        await().until(() -> sent.stream().allMatch(ListenableFuture::isDone));
        assertThat(group.store.messageIds()).isEqualTo(ids);
    }

    @Test
    void holdThatEndsAnswersAsEachMethodWants() throws Exception {
        restartWith(SHORT_HOLD);
        ToyClient client = clientOf(1);

        assertThat(client.blocking()
                        .sendMessage(ToyClient.send("m1"))
                        .getStatus()
                        .getCode())
                .isEqualTo(Code.TOO_MANY_REQUESTS);
        assertThat(client.blocking()
                        .ackMessage(AckMessageRequest.getDefaultInstance())
                        .getStatus()
                        .getCode())
                .isEqualTo(Code.HA_NOT_AVAILABLE);
        ChangeInvisibleDurationResponse changed = client.blocking()
                .changeInvisibleDuration(ChangeInvisibleDurationRequest.newBuilder()
                        .setReceiptHandle("kept")
                        .build());
        assertThat(changed.getStatus().getCode()).isEqualTo(Code.HA_NOT_AVAILABLE);
        assertThat(changed.getReceiptHandle()).isEqualTo("kept");
        Iterator<ReceiveMessageResponse> received = client.blocking()
                .receiveMessage(ReceiveMessageRequest.newBuilder()
                        .setLongPollingTimeout(Duration.newBuilder().setNanos(400_000_000))
                        .build());
        assertThat(received.next().getStatus().getCode()).isEqualTo(Code.MESSAGE_NOT_FOUND);
        assertThat(received.next().hasDeliveryTimestamp()).isTrue();
        assertThat(received.hasNext()).isFalse();
    }

    @Test
    void holdEndsBeforeTheClientsDeadline() {
        SendMessageResponse response = clientOf(1)
                .blocking()
                .withDeadlineAfter(1500, TimeUnit.MILLISECONDS)
                .sendMessage(ToyClient.send("m1"));

        assertThat(response.getStatus().getCode()).isEqualTo(Code.TOO_MANY_REQUESTS);
    }

    @Test
    void heldBytesAreBounded() throws Exception {
        restartWith(new RelayLimits(
                java.time.Duration.ofSeconds(8),
                java.time.Duration.ofMillis(500),
                1 << 20,
                64 << 20,
                java.time.Duration.ofMillis(10),
                java.time.Duration.ofMillis(40)));
        ToyClient client = clientOf(1);
        ByteString body = ByteString.copyFrom(new byte[600 << 10]);
        ListenableFuture<SendMessageResponse> first = client.future().sendMessage(ToyClient.send("m1", body));
        awaitHeld(1);

        SendMessageResponse second = client.blocking().sendMessage(ToyClient.send("m2", body));

        assertThat(second.getStatus().getCode()).isEqualTo(Code.TOO_MANY_REQUESTS);
        group.elect(1);
        await().until(first::isDone);
        assertThat(group.store.messageIds()).containsExactly("m1");
    }

    @Test
    void callThatTheDeadLeaderCarriedOutIsRepeatedAtTheNextAndStoredOnce() throws Exception {
        group.elect(2);
        group.replica(2).mood(ToyReplica.Mood.STALL_AFTER);
        ListenableFuture<SendMessageResponse> sent = clientOf(1).future().sendMessage(ToyClient.send("m1"));
        await().until(() -> group.store.stalled.size() == 1);

        group.replica(2).closePeerPort();
        group.loseLeader();
        group.elect(3);

        await().until(sent::isDone);
        assertThat(sent.get().getStatus().getCode()).isEqualTo(Code.OK);
        assertThat(group.store.messageIds()).containsExactly("m1");
    }

    @Test
    void frozenLeaderIsLeftAsSoonAsThereIsAnother() throws Exception {
        group.elect(2);
        group.replica(2).mood(ToyReplica.Mood.STALL);
        ListenableFuture<SendMessageResponse> relayed = clientOf(1).future().sendMessage(ToyClient.send("m1"));
        ListenableFuture<SendMessageResponse> local = clientOf(2).future().sendMessage(ToyClient.send("m2"));
        await().until(() -> group.store.stalled.size() == 2);

        group.elect(3);

        await().until(() -> relayed.isDone() && local.isDone());
        assertThat(relayed.get().getStatus().getCode()).isEqualTo(Code.OK);
        assertThat(local.get().getStatus().getCode()).isEqualTo(Code.OK);
        assertThat(group.store.stalled).allMatch(ResponseSink::cancelled);
        assertThat(group.store.messageIds()).containsExactlyInAnyOrder("m1", "m2");
    }

    @Test
    void callThatReachesALeaderBeforeItServesWaitsThere() {
        group.elect(2);
        clientOf(1).blocking().sendMessage(ToyClient.send("m0"));
        group.replica(3).leadership.lost(7);
        group.replica(1).leadership.follows(7, 3);
        ListenableFuture<SendMessageResponse> first = clientOf(1).future().sendMessage(ToyClient.send("m1"));
        await().until(() -> group.replica(1).plane.relayedBytes() > 0);

        group.replica(3).leadership.leads(7, 3);

        await().until(first::isDone);
        assertThat(group.store.messageIds()).containsExactly("m0", "m1");
    }

    @Test
    void lostOutcomeWithoutANewLeaderIsAProxyTimeout() throws Exception {
        restartWith(SHORT_HOLD);
        group.elect(2);
        group.replica(2).mood(ToyReplica.Mood.STALL);
        ListenableFuture<SendMessageResponse> sent = clientOf(1).future().sendMessage(ToyClient.send("m1"));
        await().until(() -> group.store.stalled.size() == 1);

        group.replica(2).closePeerPort();

        await().until(sent::isDone);
        assertThat(sent.get().getStatus().getCode()).isEqualTo(Code.PROXY_TIMEOUT);
    }

    @Test
    void leaderThatComesBackUnderItsOldAddressIsUsedAgain() throws Exception {
        group.elect(2);
        ToyClient client = clientOf(1);
        client.blocking().sendMessage(ToyClient.send("m1"));

        group.replica(2).closePeerPort();
        ListenableFuture<SendMessageResponse> sent = client.future().sendMessage(ToyClient.send("m2"));
        awaitHeld(1);
        group.replica(2).reopenPeerPort();

        await().until(sent::isDone);
        assertThat(sent.get().getStatus().getCode()).isEqualTo(Code.OK);
    }

    @Test
    void unknownOutcomeIsTriedAgain() throws Exception {
        group.elect(2);
        group.replica(2).mood(ToyReplica.Mood.OUTCOME_UNKNOWN);
        ListenableFuture<SendMessageResponse> sent = clientOf(3).future().sendMessage(ToyClient.send("m1"));
        awaitHeld(3);

        group.elect(1);

        await().until(sent::isDone);
        assertThat(sent.get().getStatus().getCode()).isEqualTo(Code.OK);
    }

    @Test
    void clientThatGoesAwayCancelsItsCallAtTheLeader() throws Exception {
        group.elect(2);
        group.replica(2).mood(ToyReplica.Mood.STALL);
        Context.CancellableContext caller = Context.current().withCancellation();
        for (int replica = 1; replica <= 2; replica++) {
            ToyClient client = clientOf(replica);
            var unused = caller.wrap(() -> client.future().sendMessage(ToyClient.send("m")))
                    .call();
        }
        await().until(() -> group.store.stalled.size() == 2);

        caller.cancel(null);

        await().until(() -> group.store.stalled.stream().allMatch(ResponseSink::cancelled));
    }

    @Test
    void leaderCallThatThrowsIsAnInternalError() {
        group.elect(2);
        group.replica(2).mood(ToyReplica.Mood.THROW);

        for (int replica = 1; replica <= 2; replica++) {
            assertThat(clientOf(replica)
                            .blocking()
                            .sendMessage(ToyClient.send("m1"))
                            .getStatus()
                            .getCode())
                    .isEqualTo(Code.INTERNAL_ERROR);
        }
    }

    @Test
    void callsOfLaterVersionsAreUnsupportedWithOrWithoutALeader() {
        var stub = clientOf(1).blocking();

        assertThat(stub.recallMessage(RecallMessageRequest.getDefaultInstance())
                        .getStatus()
                        .getCode())
                .isEqualTo(Code.UNSUPPORTED);
        assertThat(stub.endTransaction(EndTransactionRequest.getDefaultInstance())
                        .getStatus()
                        .getCode())
                .isEqualTo(Code.UNSUPPORTED);
        assertThat(stub.forwardMessageToDeadLetterQueue(ForwardMessageToDeadLetterQueueRequest.getDefaultInstance())
                        .getStatus()
                        .getCode())
                .isEqualTo(Code.UNSUPPORTED);
        assertThat(stub.syncLiteSubscription(SyncLiteSubscriptionRequest.getDefaultInstance())
                        .getStatus()
                        .getCode())
                .isEqualTo(Code.UNSUPPORTED);
        assertThat(stub.getOffset(GetOffsetRequest.getDefaultInstance())
                        .getStatus()
                        .getCode())
                .isEqualTo(Code.UNSUPPORTED);
    }

    @Test
    void clientIdIsRequiredButForHeartbeats() {
        group.elect(1);
        var stub = client(1, "").blocking();

        assertThat(stub.sendMessage(ToyClient.send("m1")).getStatus().getCode()).isEqualTo(Code.CLIENT_ID_REQUIRED);
        assertThat(stub.queryRoute(QueryRouteRequest.getDefaultInstance())
                        .getStatus()
                        .getCode())
                .isEqualTo(Code.CLIENT_ID_REQUIRED);
        assertThat(stub.receiveMessage(ReceiveMessageRequest.getDefaultInstance())
                        .next()
                        .getStatus()
                        .getCode())
                .isEqualTo(Code.CLIENT_ID_REQUIRED);
        assertThat(stub.heartbeat(HeartbeatRequest.newBuilder()
                                .setClientType(ClientType.PRODUCER)
                                .build())
                        .getStatus()
                        .getCode())
                .isEqualTo(Code.OK);
        assertThat(group.store.messageIds()).isEmpty();
    }

    @Test
    void brokenBytesAreABadRequest() throws Exception {
        ByteString answer = ClientCalls.blockingUnaryCall(
                clientOf(1).channel,
                Rebinding.raw(MessagingServiceGrpc.getHeartbeatMethod()),
                CallOptions.DEFAULT,
                ByteString.copyFrom(new byte[] {(byte) 0xff, (byte) 0xff}));

        assertThat(io.argosy.proto.v2.HeartbeatResponse.parseFrom(answer)
                        .getStatus()
                        .getCode())
                .isEqualTo(Code.BAD_REQUEST);
    }

    @Test
    void routesAreAnsweredWithoutALeader() {
        var stub = clientOf(1).blocking();

        QueryRouteResponse known = stub.queryRoute(route("known"));
        assertThat(known.getMessageQueuesList()).hasSize(4);
        assertThat(stub.queryRoute(route("not-yet-there")).getMessageQueuesList())
                .hasSize(8);
        assertThat(stub.queryRoute(route("no/topic")).getStatus().getCode()).isEqualTo(Code.ILLEGAL_TOPIC);
    }

    @Test
    void anyReplicaDescribesTheCluster() {
        group.elect(3);

        GroupView view = ClusterGrpc.newBlockingStub(clientOf(1).channel)
                .withDeadlineAfter(10, TimeUnit.SECONDS)
                .describeCluster(DescribeClusterRequest.getDefaultInstance())
                .getGroups(0);

        assertThat(view.getLeaderId()).isEqualTo(3);
        assertThat(view.getReplicasCount()).isEqualTo(3);
    }

    @Test
    void leaderLearnsWhoIsConnectedToFollowers() {
        group.elect(2);
        ToyClient client = client(1, "consumer-1");
        client.blocking()
                .heartbeat(HeartbeatRequest.newBuilder()
                        .setClientType(ClientType.PUSH_CONSUMER)
                        .setGroup(Resource.newBuilder().setName("group-1"))
                        .build());

        await().until(() -> group.replica(2).clients.clientsOf("group-1").equals(List.of("consumer-1")));

        client.blocking()
                .notifyClientTermination(NotifyClientTerminationRequest.newBuilder()
                        .setGroup(Resource.newBuilder().setName("group-1"))
                        .build());
        await().until(() -> !group.replica(2).clients.alive("consumer-1"));

        group.elect(3);
        client.blocking().heartbeat(HeartbeatRequest.getDefaultInstance());
        await().until(() -> group.replica(3).clients.alive("consumer-1"));
    }

    private void awaitHeld(int replica) {
        await().until(() -> group.replica(replica).plane.heldBytes() > 0);
    }

    private static List<ReceiveMessageResponse> receive(ToyClient client, int batchSize) {
        List<ReceiveMessageResponse> answer = new ArrayList<>();
        client.blocking()
                .receiveMessage(ReceiveMessageRequest.newBuilder()
                        .setBatchSize(batchSize)
                        .build())
                .forEachRemaining(answer::add);
        return answer;
    }

    private static QueryRouteRequest route(String topic) {
        return QueryRouteRequest.newBuilder()
                .setTopic(Resource.newBuilder().setName(topic))
                .build();
    }
}
