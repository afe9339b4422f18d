package io.argosy.broker.consume;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Optional;
import java.util.zip.CRC32C;

/**
 * What a consumer acknowledges with: names one hand-out of one message, so that any leader can judge it without having
 * made it (D20). Opaque to clients: URL-safe base64, without padding, of
 *
 * <pre>
 * field            offset  sizeBytes  meaning
 * version               0          1  1
 * flags                 1          1  bit 0: auto renew
 * group                 2          8  hash of the group's name
 * topicId              10          4
 * queueId              14          4
 * offset               18          8
 * attempt              26          4
 * nonce                30          8  term of the leader that handed out (upper half), running number
 * visibleAtMillis      38          8  when the lease ends, if nothing changes it
 * crc                  46          4  CRC-32C of bytes 0 to 45
 * </pre>
 */
record ReceiptHandle(
        long groupHash,
        int topicId,
        int queueId,
        long offset,
        int attempt,
        long nonce,
        long visibleAtMillis,
        boolean autoRenew) {

    private static final byte VERSION = 1;
    private static final int SIZE_BYTES = 50;
    private static final int CHECKED_BYTES = SIZE_BYTES - 4;
    /** Encoded handles are always this long; anything else is not looked at. */
    private static final int TEXT_LENGTH = (SIZE_BYTES * 8 + 5) / 6;

    static ReceiptHandle of(QueueRef queue, long groupHash, long offset, Lease lease) {
        return new ReceiptHandle(
                groupHash,
                queue.topicId(),
                queue.queueId(),
                offset,
                lease.attempt(),
                lease.nonce(),
                lease.visibleAtMillis(),
                lease.autoRenew());
    }

    /** FNV-1a, 64 bits: stable across versions and machines. */
    static long hashOf(String name) {
        long hash = 0xcbf29ce484222325L;
        for (byte b : name.getBytes(StandardCharsets.UTF_8)) {
            hash = (hash ^ (b & 0xff)) * 0x100000001b3L;
        }
        return hash;
    }

    String encode() {
        ByteBuffer bytes = ByteBuffer.allocate(SIZE_BYTES)
                .put(VERSION)
                .put((byte) (autoRenew ? 1 : 0))
                .putLong(groupHash)
                .putInt(topicId)
                .putInt(queueId)
                .putLong(offset)
                .putInt(attempt)
                .putLong(nonce)
                .putLong(visibleAtMillis);
        bytes.putInt(crcOf(bytes.array()));
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes.array());
    }

    /** Empty if the text is not a handle that a broker of this version wrote. */
    static Optional<ReceiptHandle> decode(String text) {
        if (text.length() != TEXT_LENGTH) {
            return Optional.empty();
        }
        byte[] raw;
        try {
            raw = Base64.getUrlDecoder().decode(text);
        } catch (IllegalArgumentException notBase64) {
            return Optional.empty();
        }
        ByteBuffer bytes = ByteBuffer.wrap(raw);
        if (raw.length != SIZE_BYTES || raw[0] != VERSION || bytes.getInt(CHECKED_BYTES) != crcOf(raw)) {
            return Optional.empty();
        }
        boolean autoRenew = (raw[1] & 1) != 0;
        return Optional.of(new ReceiptHandle(
                bytes.getLong(2),
                bytes.getInt(10),
                bytes.getInt(14),
                bytes.getLong(18),
                bytes.getInt(26),
                bytes.getLong(30),
                bytes.getLong(38),
                autoRenew));
    }

    private static int crcOf(byte[] bytes) {
        CRC32C crc = new CRC32C();
        crc.update(bytes, 0, CHECKED_BYTES);
        return (int) crc.getValue();
    }
}
