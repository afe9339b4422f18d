package io.argosy.wire.batch;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdException;
import java.util.Arrays;
import java.util.Optional;
import net.jpountz.lz4.LZ4Exception;
import net.jpountz.lz4.LZ4Factory;

/** How the bodies of a batch are compressed, as one block. Codes are stored and never change meaning. */
public enum BodyCodec {
    NONE(0) {
        @Override
        byte[] compress(byte[] source, int length) {
            return Arrays.copyOf(source, length);
        }

        @Override
        Optional<byte[]> open(byte[] compressed, int openedBytes) {
            return compressed.length == openedBytes ? Optional.of(compressed) : Optional.empty();
        }
    },

    LZ4(1) {
        @Override
        byte[] compress(byte[] source, int length) {
            var compressor = Lz4.FACTORY.fastCompressor();
            byte[] target = new byte[compressor.maxCompressedLength(length)];
            return Arrays.copyOf(target, compressor.compress(source, 0, length, target, 0));
        }

        @Override
        Optional<byte[]> open(byte[] compressed, int openedBytes) {
            byte[] opened = new byte[openedBytes];
            try {
                int bytes = Lz4.FACTORY.safeDecompressor().decompress(compressed, opened);
                return bytes == openedBytes ? Optional.of(opened) : Optional.empty();
            } catch (LZ4Exception e) {
                return Optional.empty();
            }
        }
    },

    ZSTD(2) {
        @Override
        byte[] compress(byte[] source, int length) {
            byte[] target = new byte[(int) Zstd.compressBound(length)];
            long bytes = Zstd.compressByteArray(target, 0, target.length, source, 0, length, ZSTD_LEVEL);
            return Arrays.copyOf(target, (int) bytes);
        }

        @Override
        Optional<byte[]> open(byte[] compressed, int openedBytes) {
            byte[] opened = new byte[openedBytes];
            try {
                long bytes = Zstd.decompressByteArray(opened, 0, openedBytes, compressed, 0, compressed.length);
                return bytes == openedBytes ? Optional.of(opened) : Optional.empty();
            } catch (ZstdException e) {
                return Optional.empty();
            }
        }
    };

    /** Zstandard's own default. */
    private static final int ZSTD_LEVEL = 3;

    private final byte code;

    BodyCodec(int code) {
        this.code = (byte) code;
    }

    /** Plain Java, in memory that is checked: no library of its own to unpack, and no fast path that trusts its input. */
    private static final class Lz4 {
        static final LZ4Factory FACTORY = LZ4Factory.safeInstance();
    }

    public byte code() {
        return code;
    }

    /** The front of an array, which stays as it is; perhaps no shorter than before. */
    abstract byte[] compress(byte[] source, int length);

    /**
     * What was compressed.
     *
     * @param openedBytes what it must come to; never more is taken
     * @return empty if it does not
     */
    abstract Optional<byte[]> open(byte[] compressed, int openedBytes);

    static Optional<BodyCodec> ofCode(byte code) {
        return Arrays.stream(values()).filter(codec -> codec.code == code).findAny();
    }
}
