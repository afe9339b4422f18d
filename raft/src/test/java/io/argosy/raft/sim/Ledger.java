package io.argosy.raft.sim;

import io.argosy.raft.Entry;
import io.argosy.raft.EntryType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/** The simplest workload: a list of operations. Its state is a hash chain, so that order and content both count. */
public final class Ledger implements Workload {

    @Override
    public SimulatedMachine machine(int position) {
        return new Machine();
    }

    @Override
    public ByteBuffer command(long operation, int payloadBytesMax, SplittableRandom random) {
        byte[] bytes = new byte[8 + random.nextInt(payloadBytesMax)];
        Arrays.fill(bytes, (byte) operation);
        return ByteBuffer.wrap(bytes).putLong(0, operation);
    }

    @Override
    public long operationOf(ByteBuffer payload) {
        return payload.getLong(payload.position());
    }

    private static final class Machine implements SimulatedMachine {
        private long applied;
        private long hash;
        private long durableApplied;
        private long durableHash;

        @Override
        public long durableAppliedIndex() {
            return durableApplied;
        }

        @Override
        public void apply(List<Entry> entries) {
            for (Entry entry : entries) {
                if (entry.index() != applied + 1) {
                    throw new IllegalStateException("applied " + entry + " after " + applied);
                }
                applied = entry.index();
                hash = hash * 31 + (entry.type() == EntryType.COMMAND ? entry.payloadCrc() : 1);
            }
        }

        @Override
        public long snapshot(Path folder) throws IOException {
            throw new IOException("no snapshots are taken in simulation yet: " + folder);
        }

        @Override
        public void restore(Path folder) throws IOException {
            throw new IOException("no snapshots are taken in simulation yet: " + folder);
        }

        @Override
        public void restart() {
            applied = durableApplied;
            hash = durableHash;
        }

        @Override
        public void makeDurable() {
            durableApplied = applied;
            durableHash = hash;
        }

        @Override
        public long appliedIndex() {
            return applied;
        }

        @Override
        public long stateHash() {
            return hash;
        }
    }
}
