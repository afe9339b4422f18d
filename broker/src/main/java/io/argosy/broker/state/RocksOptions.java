package io.argosy.broker.state;

/**
 * Bounds of the native memory and files of one {@link RocksStateStore}.
 *
 * @param memoryBytes block cache and write buffers together; 64 MiB. Smaller costs reads from the disk when consumers lag,
 *     larger pays only with millions of lagging queues
 * @param openFilesMax files kept open; 256. Smaller reopens files while consumers lag
 */
public record RocksOptions(long memoryBytes, int openFilesMax) {

    public static final RocksOptions DEFAULT = new RocksOptions(64L << 20, 256);

    public RocksOptions {
        if (memoryBytes < 8 << 20 || openFilesMax < 32) {
            throw new IllegalArgumentException("memoryBytes " + memoryBytes + " must be 8 MiB or more and openFilesMax "
                    + openFilesMax + " 32 or more");
        }
    }
}
