package io.argosy.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.google.protobuf.Duration;
import io.argosy.proto.v2.AckMessageEntry;
import io.argosy.proto.v2.AckMessageRequest;
import io.argosy.proto.v2.Code;
import io.argosy.proto.v2.FilterExpression;
import io.argosy.proto.v2.FilterType;
import io.argosy.proto.v2.Message;
import io.argosy.proto.v2.MessageQueue;
import io.argosy.proto.v2.PullMessageRequest;
import io.argosy.proto.v2.ReceiveMessageRequest;
import io.argosy.proto.v2.ReceiveMessageResponse;
import io.argosy.proto.v2.SendMessageRequest;
import io.argosy.proto.v2.SendMessageResponse;
import io.argosy.proto.v2.Status;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Iterator;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Bad input gets the protocol's exact code, stores nothing, and leaves the connection usable. */
class BadInputIT {

    private static TestCluster cluster;
    private static RawClient client;

    @BeforeAll
    static void startCluster() {
        cluster = TestCluster.start("bad-input");
        client = new RawClient(cluster.replicaAddress(1), "bad-input-client");
        assertThat(sendCode(RawClient.message("good", "G0", "good").build())).isEqualTo(Code.OK);
    }

    @AfterAll
    static void stopCluster() {
        client.close();
        cluster.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " ", "with space", "ümlaut", "a/b", "TBW102", "rmq_sys_x"})
    void illegalTopicNamesAreRefused(String topic) {
        assertThat(sendCode(RawClient.message(topic, "M1", "x").build())).isEqualTo(Code.ILLEGAL_TOPIC);
    }

    @Test
    void topicNameOf127CharactersIsTheLongest() {
        assertThat(sendCode(RawClient.message("t".repeat(127), "M2", "x").build()))
                .isEqualTo(Code.OK);
        assertThat(sendCode(RawClient.message("t".repeat(128), "M3", "x").build()))
                .isEqualTo(Code.ILLEGAL_TOPIC);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "with space", "CID_RMQ_SYS_x"})
    void illegalGroupNamesAreRefused(String group) {
        assertThat(receive(group, "good").getCode()).isEqualTo(Code.ILLEGAL_CONSUMER_GROUP);
    }

    @Test
    void emptyBodyIsRefusedAndNothingIsStored() {
        assertThat(sendCode(RawClient.message("empty-body", "M4", "").build())).isEqualTo(Code.MESSAGE_BODY_EMPTY);
        assertThat(client.readQueue("empty-body", 0)).isEmpty();
    }

    @Test
    void bodyOf4MiBIsTheLargest() {
        ByteString largest = ByteString.copyFrom(new byte[4 << 20]);

        assertThat(sendCode(
                        RawClient.message("large", "M5", "").setBody(largest).build()))
                .isEqualTo(Code.OK);
        assertThat(sendCode(RawClient.message("large", "M6", "")
                        .setBody(largest.concat(ByteString.copyFromUtf8("x")))
                        .build()))
                .isEqualTo(Code.MESSAGE_BODY_TOO_LARGE);
    }

    @ParameterizedTest
    @ValueSource(ints = {6, 12})
    void bodyThatIsMuchTooLargeHearsSoToo(int mebibytes) {
        Message message = RawClient.message("much-too-large", "M" + mebibytes, "")
                .setBody(ByteString.copyFrom(new byte[mebibytes << 20]))
                .build();

        assertThat(sendCode(message)).isEqualTo(Code.MESSAGE_BODY_TOO_LARGE);
        assertThat(client.readQueue("much-too-large", 0)).isEmpty();
    }

    @Test
    void oversizedPropertiesAreRefused() {
        Message.Builder many = RawClient.message("properties", "M7", "x");
        for (int i = 0; i < 129; i++) {
            many.putUserProperties("k" + i, "v");
        }
        Message large = RawClient.message("properties", "M8", "x")
                .putUserProperties("k", "v".repeat(16 << 10))
                .build();

        assertThat(sendCode(many.build())).isEqualTo(Code.MESSAGE_PROPERTIES_TOO_LARGE);
        assertThat(sendCode(large)).isEqualTo(Code.MESSAGE_PROPERTIES_TOO_LARGE);
        assertThat(client.readQueue("properties", 0)).isEmpty();
    }

    @Test
    void unknownReceiptHandleIsRefused() {
        var answer = client.stub()
                .ackMessage(AckMessageRequest.newBuilder()
                        .setGroup(RawClient.resource("g"))
                        .setTopic(RawClient.resource("good"))
                        .addEntries(
                                AckMessageEntry.newBuilder().setMessageId("M9").setReceiptHandle("no-such-handle"))
                        .build());

        assertThat(answer.getStatus().getCode()).isEqualTo(Code.INVALID_RECEIPT_HANDLE);
        assertThat(answer.getStatus().getMessage()).contains("INVALID_RECEIPT_HANDLE");
    }

    @Test
    void negativeOffsetIsRefused() {
        var answer = client.stub()
                .pullMessage(PullMessageRequest.newBuilder()
                        .setGroup(RawClient.resource("g"))
                        .setMessageQueue(MessageQueue.newBuilder().setTopic(RawClient.resource("good")))
                        .setOffset(-1)
                        .setBatchSize(1)
                        .build());

        assertThat(answer.next().getStatus().getCode()).isEqualTo(Code.ILLEGAL_OFFSET);
    }

    @Test
    void missingClientIdIsRefused() {
        SendMessageResponse answer = client.anonymousStub()
                .sendMessage(SendMessageRequest.newBuilder()
                        .addMessages(RawClient.message("good", "M10", "x"))
                        .build());

        assertThat(answer.getStatus().getCode()).isEqualTo(Code.CLIENT_ID_REQUIRED);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1})
    void garbageOnAPortClosesThatConnectionOnly(int portOffset) throws Exception {
        try (Socket socket = new Socket()) {
            socket.connect(
                    new InetSocketAddress(InetAddress.getLoopbackAddress(), cluster.replicaPort(1) + portOffset), 2000);
            socket.setSoTimeout(20_000);
            socket.getOutputStream().write("GARBAGE\r\n\r\n\0\1\2\3".repeat(100).getBytes(StandardCharsets.ISO_8859_1));
            socket.getOutputStream().flush();
            while (socket.getInputStream().read() >= 0) {
                // Whatever the server says before it hangs up is fine.
            }
        } catch (java.net.SocketException reset) {
            assertThat(reset).hasMessageMatching("(?s).*([Rr]eset|[Bb]roken pipe|abort).*");
        }

        assertThat(sendCode(RawClient.message("good", "after-garbage-" + portOffset, "x")
                        .build()))
                .isEqualTo(Code.OK);
    }

    private static Code sendCode(Message message) {
        return client.send(message).getStatus().getCode();
    }

    private static Status receive(String group, String topic) {
        Iterator<ReceiveMessageResponse> answer = client.stub()
                .receiveMessage(ReceiveMessageRequest.newBuilder()
                        .setGroup(RawClient.resource(group))
                        .setMessageQueue(MessageQueue.newBuilder().setTopic(RawClient.resource(topic)))
                        .setFilterExpression(FilterExpression.newBuilder()
                                .setType(FilterType.TAG)
                                .setExpression("*"))
                        .setBatchSize(1)
                        .setInvisibleDuration(Duration.newBuilder().setSeconds(20))
                        .setLongPollingTimeout(Duration.newBuilder().setSeconds(1))
                        .build());
        while (answer.hasNext()) {
            ReceiveMessageResponse part = answer.next();
            if (part.hasStatus()) {
                return part.getStatus();
            }
        }
        throw new AssertionError("no status");
    }
}
