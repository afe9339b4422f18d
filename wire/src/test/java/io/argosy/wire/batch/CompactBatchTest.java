package io.argosy.wire.batch;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.argosy.wire.batch.CompactBatch.Checked;
import io.argosy.wire.batch.CompactBatchBuilder.Labels;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class CompactBatchTest {

    private static final Labels LABELS = new Labels(3, 0x0123456789abcdefL, 7, 1_700_000_000_123L, 150_000_000, -2);

    private static CompactBatchBuilder builder() {
        return new CompactBatchBuilder(new byte[16], "host");
    }

    private static ByteBuffer body(String text) {
        return ByteBuffer.wrap(text.getBytes(UTF_8));
    }

    private static ByteBuffer uniform() {
        CompactBatchBuilder builder = builder();
        for (int i = 0; i < 10; i++) {
            builder.add(body("body " + i));
        }
        return builder.seal(LABELS).toByteBuffer();
    }

    private static ByteBuffer mixed() {
        CompactBatchBuilder builder = builder();
        builder.add(body("first"));
        builder.add(body("second"), Optional.of("tag"), List.of("k1", "k2"), Map.of("name", "wert ü"));
        builder.add(body("x".repeat(300)));
        return builder.seal(LABELS).toByteBuffer();
    }

    private static byte[] copy(ByteBuffer bytes) {
        byte[] copy = new byte[bytes.remaining()];
        bytes.get(bytes.position(), copy);
        return copy;
    }

    private static Checked.Sound sound(ByteBuffer bytes) {
        Checked checked = CompactBatch.check(bytes);
        assertThat(checked).isInstanceOf(Checked.Sound.class);
        return (Checked.Sound) checked;
    }

    private static List<String> bodies(CompactBatch batch) {
        ByteBuffer opened = batch.openBodies().orElseThrow();
        List<String> bodies = new ArrayList<>();
        CompactCursor cursor = batch.cursor();
        while (cursor.next()) {
            bodies.add(UTF_8.decode(opened.slice(cursor.bodyPosition(), cursor.bodyLength()))
                    .toString());
        }
        return bodies;
    }

    @Test
    void whatWasPutInComesOut() {
        CompactBatch batch = sound(mixed()).batch();

        assertThat(batch.count()).isEqualTo(3);
        assertThat(batch.queueId()).isEqualTo(3);
        assertThat(batch.producer()).isEqualTo(0x0123456789abcdefL);
        assertThat(batch.sequence()).isEqualTo(7);
        assertThat(batch.bornMillis()).isEqualTo(1_700_000_000_123L);
        assertThat(batch.bornHost()).isEqualTo("host");
        assertThat(batch.codec()).isEqualTo(BodyCodec.NONE);
        assertThat(bodies(batch)).containsExactly("first", "second", "x".repeat(300));
    }

    @Test
    void checkTellsTheShortestAndTheLongestBody() {
        Checked.Sound found = sound(mixed());

        assertThat(found.shortestBodyBytes()).isEqualTo(5);
        assertThat(found.longestBodyBytes()).isEqualTo(300);
    }

    @Test
    void bodiesOfOneLengthCostNothingEach() {
        CompactBatchBuilder one = builder();
        one.add(body("0123456789"));
        CompactBatchBuilder many = builder();
        for (int i = 0; i < 1000; i++) {
            many.add(body("0123456789"));
        }

        assertThat(many.seal(LABELS).sizeBytes() - one.seal(LABELS).sizeBytes()).isEqualTo(999 * 10);
        assertThat(many.sizeBytes()).isBetween(10_000, 10_100);
    }

    @Test
    void anEmptyBodyIsSoundForTheFormat() {
        CompactBatchBuilder builder = builder();
        builder.add(body(""));

        assertThat(sound(builder.seal(LABELS).toByteBuffer()).shortestBodyBytes())
                .isZero();
    }

    @Test
    void attributesAreProtobufFieldsOfTheMessageThatHasThem() {
        CompactBatch batch = CompactBatch.of(mixed());
        CompactCursor cursor = batch.cursor();

        cursor.moveTo(0);
        assertThat(cursor.propertiesLength() + cursor.systemLength()).isZero();
        cursor.moveTo(1);
        ByteBuffer bytes = batch.bytes();
        byte[] properties = new byte[cursor.propertiesLength()];
        bytes.get(cursor.propertiesPosition(), properties);
        byte[] system = new byte[cursor.systemLength()];
        bytes.get(cursor.systemPosition(), system);

        assertThat(HexFormat.of().formatHex(properties))
                .isEqualTo("120f" + "0a04" + hex("name") + "1207" + hex("wert ü"));
        assertThat(HexFormat.of().formatHex(system))
                .isEqualTo("0a03" + hex("tag") + "1202" + hex("k1") + "1202" + hex("k2"));
    }

    private static String hex(String text) {
        return HexFormat.of().formatHex(text.getBytes(UTF_8));
    }

    @Test
    void aCursorMovesForwardsOnly() {
        for (ByteBuffer bytes : List.of(uniform(), mixed())) {
            CompactBatch batch = CompactBatch.of(bytes);
            CompactCursor cursor = batch.cursor();

            cursor.moveTo(2);
            assertThat(cursor.ordinal()).isEqualTo(2);
            assertThat(cursor.bodyLength()).isEqualTo(bodies(batch).get(2).length());
            assertThat(cursor.bodyPosition())
                    .isEqualTo(String.join("", bodies(batch).subList(0, 2)).length());
            assertThatThrownBy(() -> cursor.moveTo(1)).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> cursor.moveTo(batch.count())).isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void idsCountUpFromTheFirst() {
        CompactBatch batch = CompactBatch.of(uniform());
        byte[] id = new byte[MessageIds.LENGTH];

        batch.writeMessageId(0, id, 0);
        assertThat(new String(id, UTF_8)).isEqualTo("010123456789ABCDEF08F0D180FFFFFFFE");
        batch.writeMessageId(3, id, 0);
        assertThat(new String(id, UTF_8)).isEqualTo("010123456789ABCDEF08F0D18000000001");
        assertThat(MessageIds.text(batch.producer(), batch.idSeconds(), batch.idCounter() + 3))
                .isEqualTo(new String(id, UTF_8));
    }

    @Test
    void theLeaderSetsTimeAndTopicInPlaceAndTheChecksumStaysRight() {
        ByteBuffer sent = mixed();
        byte[] array = new byte[sent.remaining() + 5];
        sent.get(array, 5, array.length - 5);

        CompactBatch.stamp(array, 5, 1234, 56);

        CompactBatch batch = sound(ByteBuffer.wrap(array, 5, array.length - 5)).batch();
        assertThat(batch.timestampMillis()).isEqualTo(1234);
        assertThat(batch.topicId()).isEqualTo(56);
        assertThat(bodies(batch)).hasSize(3);
    }

    @Test
    void everyFlippedByteIsFoundExceptInWhatTheLeaderSets() {
        for (ByteBuffer whole : List.of(uniform(), mixed())) {
            for (int at = 0; at < whole.limit(); at++) {
                byte[] bytes = copy(whole);
                bytes[at] ^= 0x55;
                boolean leaders = at >= CompactBatch.TIMESTAMP_AT && at < CompactBatch.QUEUE_ID_AT;

                assertThat(CompactBatch.check(ByteBuffer.wrap(bytes)))
                        .as("byte %d", at)
                        .isInstanceOf(leaders ? Checked.Sound.class : Checked.Broken.class);
            }
        }
    }

    @Test
    void everyCutAndEveryAdditionIsFound() {
        for (ByteBuffer whole : List.of(uniform(), mixed())) {
            for (int length = 0; length < whole.limit(); length++) {
                assertThat(CompactBatch.check(whole.slice(0, length)))
                        .as("%d bytes", length)
                        .isInstanceOf(Checked.Broken.class);
            }
            ByteBuffer longer = ByteBuffer.allocate(whole.limit() + 1)
                    .put(whole.duplicate())
                    .rewind();
            assertThat(CompactBatch.check(longer)).isInstanceOf(Checked.Broken.class);
        }
    }

    /** A checksum protects from accidents; whoever computes it again must not lead anybody astray either. */
    @Test
    void noByteWithARightChecksumMakesTheReaderStumble() {
        for (ByteBuffer whole : List.of(uniform(), mixed())) {
            for (int at = CompactBatch.QUEUE_ID_AT; at < whole.limit(); at++) {
                for (int value : new int[] {0, 1, 0x7f, 0x80, 0xff}) {
                    byte[] bytes = copy(whole);
                    bytes[at] = (byte) value;
                    repair(bytes);

                    Checked checked = CompactBatch.check(ByteBuffer.wrap(bytes));

                    if (checked instanceof Checked.Sound sound) {
                        walk(sound.batch());
                    }
                }
            }
        }
    }

    @Test
    void aCodecThatNobodyKnowsIsRefused() {
        byte[] bytes = copy(mixed());
        bytes[CompactBatch.CODEC_AT] = 7;
        repair(bytes);

        assertThat(CompactBatch.check(ByteBuffer.wrap(bytes)))
                .isEqualTo(new Checked.Broken("codec 7 of a batch is unknown"));
    }

    @ParameterizedTest
    @EnumSource(
            value = BodyCodec.class,
            names = {"LZ4", "ZSTD"})
    void compressedBodiesComeOutAsTheyWere(BodyCodec codec) {
        CompactBatchBuilder builder = builder();
        for (int i = 0; i < 200; i++) {
            builder.add(body("the same words again and again " + i));
        }
        ByteBuffer plain = builder.seal(LABELS).toByteBuffer();
        ByteBuffer bytes = repetitive(codec);

        CompactBatch batch = sound(bytes).batch();

        assertThat(batch.codec()).isEqualTo(codec);
        assertThat(batch.sizeBytes()).isLessThan(plain.remaining() / 2);
        assertThat(bodies(batch)).isEqualTo(bodies(sound(plain).batch()));
        assertThat(bodies(sound(bytes.asReadOnlyBuffer()).batch())).hasSize(200);
    }

    private static ByteBuffer repetitive(BodyCodec codec) {
        CompactBatchBuilder builder = builder();
        for (int i = 0; i < 200; i++) {
            builder.add(body("the same words again and again " + i));
        }
        return builder.seal(LABELS, codec).toByteBuffer();
    }

    @ParameterizedTest
    @EnumSource(BodyCodec.class)
    void bodiesThatGetNoShorterStayAsTheyAre(BodyCodec codec) {
        CompactBatchBuilder builder = builder();
        byte[] random = new byte[2000];
        new Random(1).nextBytes(random);
        builder.add(ByteBuffer.wrap(random));

        CompactBatch batch = sound(builder.seal(LABELS, codec).toByteBuffer()).batch();

        assertThat(batch.codec()).isEqualTo(BodyCodec.NONE);
        assertThat(batch.openBodies().orElseThrow()).isEqualTo(ByteBuffer.wrap(random));
    }

    @ParameterizedTest
    @EnumSource(
            value = BodyCodec.class,
            names = {"LZ4", "ZSTD"})
    void whateverCompressedBodiesHoldOpeningThemTakesNoMoreThanWasSaid(BodyCodec codec) {
        ByteBuffer whole = repetitive(codec);
        int bodiesAt = whole.remaining() - 40;
        for (int at = bodiesAt; at < whole.remaining(); at++) {
            for (int bit = 0; bit < 8; bit++) {
                byte[] bytes = copy(whole);
                bytes[at] ^= (byte) (1 << bit);
                repair(bytes);

                CompactBatch batch = sound(ByteBuffer.wrap(bytes)).batch();

                batch.openBodies()
                        .ifPresent(opened -> assertThat(opened.remaining()).isEqualTo(batch.bodiesBytes()));
            }
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = BodyCodec.class,
            names = {"LZ4", "ZSTD"})
    void bodiesThatOpenToAnotherSizeAreNotOpened(BodyCodec codec) {
        byte[] compressed = codec.compress(new byte[10_000], 10_000);

        assertThat(codec.open(compressed, 10_000)).hasValue(new byte[10_000]);
        assertThat(codec.open(compressed, 9_999)).isEmpty();
        assertThat(codec.open(compressed, 10_001)).isEmpty();
        assertThat(codec.open(new byte[] {1, 2, 3}, 10)).isEmpty();
    }

    private static void repair(byte[] bytes) {
        CRC32C crc = new CRC32C();
        crc.update(bytes, CompactBatch.QUEUE_ID_AT, CompactBatch.CRC_AT - CompactBatch.QUEUE_ID_AT);
        crc.update(bytes, CompactBatch.HEADER_BYTES, bytes.length - CompactBatch.HEADER_BYTES);
        ByteBuffer.wrap(bytes).putInt(CompactBatch.CRC_AT, (int) crc.getValue());
    }

    private static void walk(CompactBatch batch) {
        assertThat(batch.bornHost()).isNotNull();
        Optional<ByteBuffer> opened = batch.openBodies();
        CompactCursor cursor = batch.cursor();
        int messages = 0;
        while (cursor.next()) {
            messages++;
            assertThat(cursor.bodyPosition() + cursor.bodyLength()).isLessThanOrEqualTo(batch.bodiesBytes());
            opened.ifPresent(bodies -> bodies.slice(cursor.bodyPosition(), cursor.bodyLength()));
            batch.bytes().slice(cursor.propertiesPosition(), cursor.propertiesLength());
            batch.bytes().slice(cursor.systemPosition(), cursor.systemLength());
        }
        assertThat(messages).isEqualTo(batch.count());
    }

    @Test
    void aBuilderRefusesWhatNoBatchCanHold() {
        CompactBatchBuilder builder = builder();
        for (int i = 0; i < CompactBatch.COUNT_MAX; i++) {
            builder.add(body("b"));
        }

        assertThatThrownBy(() -> builder.add(body("b"))).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> builder().seal(LABELS)).isInstanceOf(IllegalStateException.class);
        sound(builder.seal(LABELS).toByteBuffer());
    }
}
