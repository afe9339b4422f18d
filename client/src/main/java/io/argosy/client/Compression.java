package io.argosy.client;

import io.argosy.wire.batch.BodyCodec;

/**
 * How a producer compresses the bodies of each batch, all together. They are stored and replicated as they came; consumers
 * open them, and brokers do for consumers that know nothing of batches. A batch that gets no shorter is sent as it is.
 */
public enum Compression {
    NONE(BodyCodec.NONE),
    /** Little CPU. */
    LZ4(BodyCodec.LZ4),
    /** Fewer bytes: Zstandard, level 3. */
    ZSTD(BodyCodec.ZSTD);

    private final BodyCodec codec;

    Compression(BodyCodec codec) {
        this.codec = codec;
    }

    BodyCodec codec() {
        return codec;
    }
}
