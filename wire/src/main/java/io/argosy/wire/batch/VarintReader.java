package io.argosy.wire.batch;

import java.nio.ByteBuffer;

/** Reads lengths from a range; once something is wrong, {@link #broken} stays and all further lengths are 0. */
final class VarintReader {

    private static final int BITS_MAX = 31;

    private final ByteBuffer in;
    private final int end;
    private int at;
    private boolean broken;

    VarintReader(ByteBuffer in, int position, int end) {
        this.in = in;
        this.at = position;
        this.end = end;
    }

    /** A number from 0 to 2^31 - 1. */
    int next() {
        int value = 0;
        for (int shift = 0; shift < BITS_MAX && at < end; shift += 7) {
            byte b = in.get(at++);
            value |= (b & 0x7f) << shift;
            if (b >= 0) {
                if (value < 0 || (shift == 28 && b > 7)) {
                    break;
                }
                return value;
            }
        }
        broken = true;
        return 0;
    }

    void skip(int lengthBytes) {
        section(lengthBytes);
        if (!broken) {
            at += lengthBytes;
        }
    }

    /** Where a section of this length ends that begins here. */
    int section(int lengthBytes) {
        if (broken || lengthBytes > end - at) {
            broken = true;
            return at;
        }
        return at + lengthBytes;
    }

    int position() {
        return at;
    }

    boolean broken() {
        return broken;
    }
}
