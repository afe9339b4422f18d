package io.argosy.broker.publish;

import io.argosy.wire.batch.BodyCodec;
import io.argosy.wire.batch.CompactBatch;
import io.argosy.wire.batch.CompactBatchBuilder;
import io.argosy.wire.batch.CompactBatchBuilder.Labels;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.zip.CRC32C;

/** Batches as a producer sends them. */
public final class CompactBatches {

    private CompactBatches() {}

    public static byte[] batch(long producer, int queueId, long sequence, String... bodies) {
        CompactBatchBuilder builder = new CompactBatchBuilder(new byte[64], "there");
        for (String body : bodies) {
            builder.add(ByteBuffer.wrap(body.getBytes(StandardCharsets.UTF_8)));
        }
        return sealed(builder, producer, queueId, sequence);
    }

    public static byte[] tagged(long producer, int queueId, long sequence, String tag, String property) {
        CompactBatchBuilder builder = new CompactBatchBuilder(new byte[64], "there");
        builder.add(
                ByteBuffer.wrap(new byte[] {1}), Optional.of(tag), List.of("key of " + tag), Map.of(property, "value"));
        return sealed(builder, producer, queueId, sequence);
    }

    public static byte[] sealed(CompactBatchBuilder builder, long producer, int queueId, long sequence) {
        return sealed(builder, BodyCodec.NONE, producer, queueId, sequence);
    }

    public static byte[] sealed(
            CompactBatchBuilder builder, BodyCodec codec, long producer, int queueId, long sequence) {
        ByteBuffer bytes = builder.seal(new Labels(queueId, producer, sequence, 1_700_000_000_123L, 7, 100), codec)
                .toByteBuffer();
        byte[] copy = new byte[bytes.remaining()];
        bytes.get(copy);
        return copy;
    }

    /** Makes the checksum right again; offsets as in the description of the format. */
    public static void repair(byte[] batch) {
        CRC32C crc = new CRC32C();
        crc.update(batch, 14, 50);
        crc.update(batch, 68, batch.length - 68);
        ByteBuffer.wrap(batch).putInt(64, (int) crc.getValue());
    }

    /** As a leader proposes it. */
    public static ByteBuffer command(byte[] batch, long timestampMillis, int topicId) {
        CompactBatch.stamp(batch, 0, timestampMillis, topicId);
        return ByteBuffer.wrap(batch);
    }
}
