package io.argosy.broker.message;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedInputStream;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Timestamp;
import io.argosy.proto.v2.DigestType;
import io.argosy.proto.v2.Encoding;
import io.argosy.proto.v2.Message;
import io.argosy.proto.v2.MessageType;
import io.argosy.proto.v2.PullMessageResponse;
import io.argosy.proto.v2.ReceiveMessageResponse;
import io.argosy.proto.v2.SystemProperties;
import java.io.IOException;
import java.math.BigInteger;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DeliveryEncoderTest {

    private final DeliveryEncoder encoder = new DeliveryEncoder("broker-a:10911");

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void deliveredMessageIsTheStoredOnePlusTheFacts(long seed) throws Exception {
        Random random = new Random(seed);
        for (int i = 0; i < 3000; i++) {
            Message stored = MessageScanFuzzTest.randomMessage(random);
            DeliveryFacts facts = new DeliveryFacts(
                    random.nextInt(8),
                    random.nextInt(4) == 0 ? 0 : random.nextLong() >>> 1,
                    1_700_000_000_000L + random.nextInt(10_000),
                    random.nextBoolean() ? Optional.of("handle-" + random.nextLong()) : Optional.empty(),
                    1 + random.nextInt(20),
                    random.nextBoolean() ? Optional.of(Duration.ofSeconds(random.nextInt(60))) : Optional.empty());

            ByteString delivered = encoder.message(stored.toByteString().asReadOnlyByteBuffer(), facts);

            assertThat(Message.parseFrom(delivered)).isEqualTo(expected(stored, facts));
            assertThat(countOfSystemProperties(delivered)).isEqualTo(1);
        }
    }

    @Test
    void responseHoldsTheMessageForReceiveAndForPull() throws InvalidProtocolBufferException {
        Message stored = MessageScanFuzzTest.randomMessage(new Random(9));
        DeliveryFacts facts = DeliveryFacts.pulled(3, 77, 1_700_000_000_123L);
        ByteString message = encoder.message(stored.toByteString().asReadOnlyByteBuffer(), facts);

        ByteString response = encoder.response(stored.toByteString().asReadOnlyByteBuffer(), facts);

        assertThat(ReceiveMessageResponse.parseFrom(response).getMessage()).isEqualTo(Message.parseFrom(message));
        assertThat(PullMessageResponse.parseFrom(response).getMessage()).isEqualTo(Message.parseFrom(message));
    }

    @Test
    void aMessageWithoutSystemPropertiesGetsThem() throws Exception {
        Message stored =
                Message.newBuilder().setBody(ByteString.copyFromUtf8("x")).build();
        DeliveryFacts facts = DeliveryFacts.pulled(0, 0, 5);

        ByteString delivered = encoder.message(stored.toByteString().asReadOnlyByteBuffer(), facts);

        assertThat(Message.parseFrom(delivered)).isEqualTo(expected(stored, facts));
    }

    private static int countOfSystemProperties(ByteString message) throws IOException {
        CodedInputStream in = message.newCodedInput();
        int count = 0;
        for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
            count += tag >>> 3 == 3 ? 1 : 0;
            in.skipField(tag);
        }
        return count;
    }

    private static Message expected(Message stored, DeliveryFacts facts) throws NoSuchAlgorithmException {
        SystemProperties.Builder system = stored.getSystemProperties().toBuilder();
        Timestamp time = Timestamp.newBuilder()
                .setSeconds(facts.storeTimestampMillis() / 1000)
                .setNanos((int) (facts.storeTimestampMillis() % 1000) * 1_000_000)
                .build();
        if (system.getMessageType() == MessageType.MESSAGE_TYPE_UNSPECIFIED) {
            system.setMessageType(
                    system.hasDeliveryTimestamp()
                            ? MessageType.DELAY
                            : system.getMessageGroup().isEmpty() ? MessageType.NORMAL : MessageType.FIFO);
        }
        if (system.getBodyEncoding() == Encoding.ENCODING_UNSPECIFIED) {
            system.setBodyEncoding(Encoding.IDENTITY);
        }
        if (!system.hasBornTimestamp()) {
            system.setBornTimestamp(time);
        }
        byte[] md5 = MessageDigest.getInstance("MD5").digest(stored.getBody().toByteArray());
        system.getBodyDigestBuilder()
                .setType(DigestType.MD5)
                .setChecksum(String.format("%032X", new BigInteger(1, md5)));
        system.setStoreTimestamp(time).setStoreHost("broker-a:10911");
        system.setQueueId(facts.queueId()).setQueueOffset(facts.queueOffset());
        system.setDeliveryAttempt(facts.deliveryAttempt());
        facts.receiptHandle().ifPresent(system::setReceiptHandle);
        facts.invisibleDuration()
                .ifPresent(duration -> system.setInvisibleDuration(com.google.protobuf.Duration.newBuilder()
                        .setSeconds(duration.getSeconds())
                        .setNanos(duration.getNano())));
        return stored.toBuilder().setSystemProperties(system).build();
    }
}
