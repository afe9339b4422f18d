package io.argosy.client;

import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32;

/** The queue of a partition key: CRC-32 of its UTF-8 bytes, modulo the number of queues. The same in every language. */
final class Partition {

    private Partition() {}

    static int of(String key, int queues) {
        CRC32 crc = new CRC32();
        crc.update(key.getBytes(StandardCharsets.UTF_8));
        return (int) (crc.getValue() % queues);
    }
}
