package io.argosy.broker.message;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Timestamp;
import io.argosy.proto.v2.DeadLetterQueue;
import io.argosy.proto.v2.Digest;
import io.argosy.proto.v2.DigestType;
import io.argosy.proto.v2.Encoding;
import io.argosy.proto.v2.Message;
import io.argosy.proto.v2.MessageType;
import io.argosy.proto.v2.Resource;
import io.argosy.proto.v2.SystemProperties;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MessageScanFuzzTest {

    private static final String[] TEXTS = {"", "a", "tag-1", "ключ", "\uD83D\uDE00", "x".repeat(200), "topic_1"};

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5})
    void scanFindsWhatTheParserFinds(long seed) {
        Random random = new Random(seed);
        MessageScan scan = new MessageScan();
        for (int i = 0; i < 4000; i++) {
            Message message = randomMessage(random);
            byte[] bytes = message.toByteArray();
            int before = random.nextInt(5);
            ByteBuffer buffer = ByteBuffer.allocate(before + bytes.length + 3);
            buffer.put(before, bytes);

            assertThat(scan.scan(buffer, before, bytes.length))
                    .as(scan.problem())
                    .isTrue();

            assertFound(scan, message);
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {11, 12, 13, 14, 15})
    void whatTheScanAcceptsTheParserReadsAlike(long seed) throws InvalidProtocolBufferException {
        Random random = new Random(seed);
        MessageScan scan = new MessageScan();
        int accepted = 0;
        for (int i = 0; i < 20_000; i++) {
            byte[] bytes = mutate(randomMessage(random).toByteArray(), random);
            if (scan.scan(ByteBuffer.wrap(bytes))) {
                accepted++;
                assertFound(scan, Message.parseFrom(bytes));
            } else {
                assertThat(scan.problem()).isNotEmpty();
            }
        }
        assertThat(accepted).isGreaterThan(1000);
    }

    @Test
    void scanRefusesNoiseWithoutFailing() {
        Random random = new Random(7);
        MessageScan scan = new MessageScan();
        for (int i = 0; i < 50_000; i++) {
            byte[] bytes = new byte[random.nextInt(64)];
            random.nextBytes(bytes);

            boolean accepted = scan.scan(ByteBuffer.wrap(bytes));

            assertThat(accepted).isEqualTo(scan.problem().isEmpty());
        }
    }

    private static void assertFound(MessageScan scan, Message message) {
        SystemProperties system = message.getSystemProperties();
        assertThat(scan.topic()).isEqualTo(message.getTopic().getName());
        assertThat(scan.namespace()).isEqualTo(message.getTopic().getResourceNamespace());
        assertThat(scan.bodyLength()).isEqualTo(message.getBody().size());
        if (scan.bodyLength() > 0) {
            assertThat(ByteString.copyFrom(scan.bytes().slice(scan.bodyPosition(), scan.bodyLength())))
                    .isEqualTo(message.getBody());
        }
        assertThat(scan.tag().orElse("")).isEqualTo(system.getTag());
        assertThat(scan.tagHash()).isEqualTo(BytesHash.ofTag(system.getTag()));
        assertThat(scan.messageId()).isEqualTo(system.getMessageId());
        assertThat(scan.messageGroup().orElse("")).isEqualTo(system.getMessageGroup());
        assertThat(scan.liteTopic().orElse("")).isEqualTo(system.getLiteTopic());
        assertThat(scan.messageType()).isEqualTo(system.getMessageTypeValue());
        assertThat(scan.bodyEncoding()).isEqualTo(system.getBodyEncodingValue());
        assertThat(scan.hasDeliveryTimestamp()).isEqualTo(system.hasDeliveryTimestamp());
        assertThat(scan.hasBornTimestamp()).isEqualTo(system.hasBornTimestamp());
        assertThat(scan.keyCount()).isEqualTo(system.getKeysCount());
        if (scan.hasSystemField(13)) {
            assertThat(scan.queueId()).isEqualTo(system.getQueueId());
        }
        List<String> keys = new ArrayList<>();
        scan.keys((in, position, length) ->
                keys.add(ByteString.copyFrom(in.slice(position, length)).toStringUtf8()));
        assertThat(keys).isEqualTo(system.getKeysList());
        if (scan.systemPosition() != MessageScan.ABSENT) {
            long id = MessageScan.messageIdOf(scan.bytes(), scan.messagePosition(), scan.messageLength());
            int idLength = id == MessageScan.ABSENT ? 0 : (int) id;
            assertThat(idLength).isEqualTo(scan.messageIdLength());
            if (idLength > 0) {
                assertThat((int) (id >> 32)).isEqualTo(scan.messageIdPosition());
            }
        }
    }

    static Message randomMessage(Random random) {
        SystemProperties.Builder system = SystemProperties.newBuilder();
        if (random.nextBoolean()) {
            system.setTag(text(random));
        }
        for (int i = random.nextInt(3); i > 0; i--) {
            system.addKeys(text(random));
        }
        system.setMessageId("01" + Long.toHexString(random.nextLong()));
        if (random.nextBoolean()) {
            system.setMessageType(MessageType.forNumber(random.nextInt(7)));
        }
        if (random.nextBoolean()) {
            system.setBodyEncoding(Encoding.IDENTITY);
        }
        if (random.nextBoolean()) {
            system.setBornTimestamp(time(random)).setBornHost(text(random));
        }
        if (random.nextInt(4) == 0) {
            system.setDeliveryTimestamp(time(random));
        }
        if (random.nextInt(4) == 0) {
            system.setMessageGroup(text(random));
        }
        if (random.nextInt(4) == 0) {
            system.setQueueId(random.nextInt(10)).setQueueOffset(random.nextLong());
        }
        if (random.nextInt(8) == 0) {
            system.setBodyDigest(Digest.newBuilder().setType(DigestType.CRC32).setChecksum(text(random)));
            system.setStoreTimestamp(time(random)).setReceiptHandle(text(random));
            system.setDeliveryAttempt(random.nextInt());
        }
        if (random.nextInt(8) == 0) {
            system.setDeadLetterQueue(
                    DeadLetterQueue.newBuilder().setTopic(text(random)).setMessageId(text(random)));
        }
        Message.Builder message = Message.newBuilder().setSystemProperties(system);
        if (random.nextInt(8) > 0) {
            message.setTopic(
                    Resource.newBuilder().setName(text(random)).setResourceNamespace(random.nextBoolean() ? "" : "ns"));
        }
        for (int i = random.nextInt(3); i > 0; i--) {
            message.putUserProperties(text(random) + i, text(random));
        }
        byte[] body = new byte[random.nextInt(5) == 0 ? 0 : random.nextInt(300)];
        random.nextBytes(body);
        return message.setBody(ByteString.copyFrom(body)).build();
    }

    private static Timestamp time(Random random) {
        return Timestamp.newBuilder()
                .setSeconds(random.nextInt())
                .setNanos(random.nextInt(1_000_000_000))
                .build();
    }

    private static String text(Random random) {
        return TEXTS[random.nextInt(TEXTS.length)];
    }

    private static byte[] mutate(byte[] bytes, Random random) {
        byte[] changed = bytes.clone();
        switch (random.nextInt(4)) {
            case 0 -> changed[random.nextInt(changed.length)] ^= (byte) (1 << random.nextInt(8));
            case 1 -> changed[random.nextInt(changed.length)] = (byte) random.nextInt();
            case 2 -> changed = Arrays.copyOf(changed, random.nextInt(changed.length));
            default -> {
                int at = random.nextInt(changed.length);
                byte[] longer = new byte[changed.length + 2];
                System.arraycopy(changed, 0, longer, 0, at);
                longer[at] = (byte) random.nextInt();
                longer[at + 1] = (byte) random.nextInt();
                System.arraycopy(changed, at, longer, at + 2, changed.length - at);
                changed = longer;
            }
        }
        return changed;
    }
}
