package io.argosy.wire.batch;

import java.nio.ByteBuffer;

/**
 * The messages of one batch, one after the other. Body positions count in {@link CompactBatch#openBodies}, positions of
 * attributes in {@link CompactBatch#bytes}. Not thread-safe.
 */
public final class CompactCursor {

    private final int count;
    private final int uniformLength;
    private final VarintReader lengths;
    private final VarintReader attributes;
    private final boolean hasAttributes;

    private int ordinal = -1;
    private int bodyPosition;
    private int bodyLength;
    private int propertiesPosition;
    private int propertiesLength;
    private int systemPosition;
    private int systemLength;

    CompactCursor(CompactBatch batch) {
        ByteBuffer bytes = batch.bytes();
        VarintReader meta = new VarintReader(bytes, batch.metaPosition(), batch.bodiesPosition());
        meta.skip(meta.next());
        int lengthsEnd = meta.section(meta.next());
        this.count = batch.count();
        this.lengths = meta;
        this.uniformLength = batch.uniform() ? meta.next() : -1;
        this.hasAttributes = batch.hasAttributes();
        this.attributes = new VarintReader(bytes, lengthsEnd, batch.bodiesPosition());
    }

    /** Steps to the next message; false behind the last one. */
    public boolean next() {
        if (ordinal + 1 >= count) {
            return false;
        }
        ordinal++;
        bodyPosition += bodyLength;
        bodyLength = uniformLength >= 0 ? uniformLength : lengths.next();
        if (hasAttributes) {
            propertiesLength = attributes.next();
            propertiesPosition = attributes.position();
            attributes.skip(propertiesLength);
            systemLength = attributes.next();
            systemPosition = attributes.position();
            attributes.skip(systemLength);
        }
        return true;
    }

    /**
     * Steps to a message that was not reached yet.
     *
     * @throws IllegalArgumentException if it was, or if there is none of this ordinal
     */
    public void moveTo(int target) {
        if (target < ordinal || target < 0 || target >= count) {
            throw new IllegalArgumentException("message " + target + " of " + count + " after " + ordinal);
        }
        if (uniformLength >= 0 && !hasAttributes) {
            ordinal = target;
            bodyPosition = target * uniformLength;
            bodyLength = uniformLength;
            return;
        }
        while (ordinal < target) {
            next();
        }
    }

    /** Of the message in its batch, from 0. */
    public int ordinal() {
        return ordinal;
    }

    public int bodyPosition() {
        return bodyPosition;
    }

    public int bodyLength() {
        return bodyLength;
    }

    /** Where the entries of user_properties begin; meaningless if their length is 0. */
    public int propertiesPosition() {
        return propertiesPosition;
    }

    public int propertiesLength() {
        return propertiesLength;
    }

    /** Where the fields tag and keys begin; meaningless if their length is 0. */
    public int systemPosition() {
        return systemPosition;
    }

    public int systemLength() {
        return systemLength;
    }
}
