package io.argosy.broker.consume;

/**
 * What can happen to the progress of one group in one queue. Unconditional: the leader decides, whoever applies it
 * does as told, so that leader, followers and replay land on equal state (R59).
 */
sealed interface ProgressChange {

    void applyTo(QueueProgress progress);

    /** The group has nothing to do with offsets below the base; ignored if it has progress already. */
    record Opened(long base) implements ProgressChange {
        @Override
        public void applyTo(QueueProgress progress) {
            progress.open(base);
        }
    }

    /** Offsets first to first + count - 1 have this lease now: hand-out, change of visibility, release, undo. */
    record Leased(long first, int count, Lease lease) implements ProgressChange {
        @Override
        public void applyTo(QueueProgress progress) {
            progress.lease(first, first + count, lease);
        }
    }

    /** Offsets first to first + count - 1 are done with. */
    record Acked(long first, int count) implements ProgressChange {
        @Override
        public void applyTo(QueueProgress progress) {
            progress.ack(first, first + count);
        }
    }

    /** Nothing below the offset will be delivered any more: the log does not have it. */
    record Advanced(long offset) implements ProgressChange {
        @Override
        public void applyTo(QueueProgress progress) {
            progress.advance(offset);
        }
    }

    /** Where a consumer that pulls by offset says it stands. */
    record PullCommitted(long offset) implements ProgressChange {
        @Override
        public void applyTo(QueueProgress progress) {
            progress.commitPull(offset);
        }
    }
}
