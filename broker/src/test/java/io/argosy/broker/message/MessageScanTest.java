package io.argosy.broker.message;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.argosy.proto.v2.Message;
import io.argosy.proto.v2.Resource;
import io.argosy.proto.v2.SystemProperties;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class MessageScanTest {

    private static final Message MESSAGE = Message.newBuilder()
            .setTopic(Resource.newBuilder().setName("orders"))
            .setSystemProperties(
                    SystemProperties.newBuilder().setMessageId("id").setTag("t"))
            .setBody(ByteString.copyFromUtf8("hello"))
            .build();

    private final MessageScan scan = new MessageScan();

    @Test
    void aSecondTopicIsRefused() {
        ByteString twice = MESSAGE.toByteString()
                .concat(Message.newBuilder()
                        .setTopic(Resource.newBuilder().setName("other"))
                        .build()
                        .toByteString());

        assertThat(scan.scan(twice.asReadOnlyByteBuffer())).isFalse();
        assertThat(scan.problem()).contains("second field topic");
    }

    @Test
    void aSecondSystemPropertiesIsRefused() {
        ByteString twice = MESSAGE.toByteString()
                .concat(Message.newBuilder()
                        .setSystemProperties(SystemProperties.newBuilder().setTag("u"))
                        .build()
                        .toByteString());

        assertThat(scan.scan(twice.asReadOnlyByteBuffer())).isFalse();
        assertThat(scan.problem()).contains("second field system_properties");
    }

    @Test
    void aTextThatIsNotUtf8IsRefused() {
        byte[] bytes = {0x1a, 3, 0x0a, 1, (byte) 0xff};

        assertThat(scan.scan(ByteBuffer.wrap(bytes))).isFalse();
        assertThat(scan.problem()).contains("not UTF-8");
    }

    @Test
    void aKnownFieldOfAnotherWireTypeIsRefused() {
        byte[] bodyAsNumber = {0x20, 1};

        assertThat(scan.scan(ByteBuffer.wrap(bodyAsNumber))).isFalse();
        assertThat(scan.problem()).contains("wire type 0 for body");
    }

    @Test
    void unknownFieldsAreSteppedOver() {
        byte[] unknown = {(byte) 0xa2, 6, 2, 1, 2};
        ByteString bytes = ByteString.copyFrom(unknown).concat(MESSAGE.toByteString());

        assertThat(scan.scan(bytes.asReadOnlyByteBuffer())).isTrue();
        assertThat(scan.topic()).isEqualTo("orders");
    }

    @Test
    void aTruncatedMessageIsRefusedWhereverItEnds() {
        byte[] bytes = MESSAGE.toByteArray();
        for (int length = 0; length < bytes.length; length++) {
            ByteBuffer start = ByteBuffer.wrap(bytes, 0, length);
            if (scan.scan(start)) {
                assertThat(scan.bodyLength() > 0 && scan.messageIdLength() > 0)
                        .as("cut at %d", length)
                        .isFalse();
            }
        }
    }

    @Test
    void bothWaysOfHashingATagAgree() {
        byte[] tag = "Größe".getBytes(StandardCharsets.UTF_8);

        assertThat(BytesHash.ofTag(ByteBuffer.wrap(tag), 0, tag.length)).isEqualTo(BytesHash.ofTag("Größe"));
        assertThat(BytesHash.ofTag("")).isZero();
    }

    @Test
    void hashesAreTheOnesOfStoredLogs() {
        assertThat(BytesHash.hash("", BytesHash.SEED_HIGH)).isEqualTo(HASH_OF_NOTHING);
        assertThat(BytesHash.hash("0123456789abcdef!", BytesHash.SEED_LOW)).isEqualTo(HASH_OF_TEXT);
    }

    private static final long HASH_OF_NOTHING = -7806499893473881467L;
    private static final long HASH_OF_TEXT = 6040291659719875134L;
}
