package io.argosy.broker.publish;

/** What a PUBLISH entry did; offsets are by ordinal of the message in the entry. */
public sealed interface PublishOutcome {

    /** Queue offset of the message, be it stored by this entry or by an earlier one. */
    long offset(int ordinal);

    /** All messages were new. */
    record Stored(long baseOffset) implements PublishOutcome {
        @Override
        public long offset(int ordinal) {
            return baseOffset + ordinal;
        }
    }

    /** Some messages were stored before, perhaps in other queues of the topic. */
    final class SomeDuplicates implements PublishOutcome {

        private final long[] offsets;

        SomeDuplicates(long[] offsets) {
            this.offsets = offsets;
        }

        @Override
        public long offset(int ordinal) {
            return offsets[ordinal];
        }
    }

    /** A compact batch that is older than what its producer had stored before; nobody waits for it any more. */
    record Overtaken() implements PublishOutcome {
        @Override
        public long offset(int ordinal) {
            return -1;
        }
    }

    /** Nothing is stored: the topic was deleted before this entry, or has no such queue. */
    record NoSuchQueue() implements PublishOutcome {
        @Override
        public long offset(int ordinal) {
            throw new IllegalStateException("nothing was stored");
        }
    }
}
