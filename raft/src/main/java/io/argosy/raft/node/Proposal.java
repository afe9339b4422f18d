package io.argosy.raft.node;

import io.argosy.raft.ProposeResult;
import java.nio.ByteBuffer;
import java.util.function.Consumer;

/** One proposal on its way: from the caller to the loop, which gives it a place in the log, to the applier. */
final class Proposal implements Input {

    final ByteBuffer payload;
    final int payloadCrc;
    final Consumer<ProposeResult> listener;
    final int sizeBytes;

    // Set by the loop before the applier sees the proposal.
    long index;
    long term;

    Proposal(ByteBuffer payload, int payloadCrc, Consumer<ProposeResult> listener) {
        this.payload = payload;
        this.payloadCrc = payloadCrc;
        this.listener = listener;
        this.sizeBytes = payload.remaining();
    }
}
