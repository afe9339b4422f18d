package io.argosy.raft.sim;

import io.argosy.raft.Entry;
import io.argosy.raft.EntryType;
import io.argosy.raft.storage.Disk;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;

/**
 * The simplest workload: operations that each write one account. Beside the accounts the state has a hash chain, so that
 * order and content both count.
 */
public final class Ledger implements Workload {

    private static final int ACCOUNTS = 61;
    /** Each operation whose number is a multiple of it lets go of old bodies. */
    private static final int RELEASE_EVERY = 16;

    private static final int KEPT_ENTRIES = 150;

    @Override
    public SimulatedMachine machine(int position, Disk disk) {
        return new Machine(disk);
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

    /** What a process loses if it was not made durable. */
    private static final class State {
        private long applied;
        private long chain;
        private long neededFrom = 1;
        private final TreeMap<Integer, Long> accounts = new TreeMap<>();
        /** Of all accounts, in any order. */
        private long accountsHash;

        State copy() {
            State copy = new State();
            copy.applied = applied;
            copy.chain = chain;
            copy.neededFrom = neededFrom;
            copy.accounts.putAll(accounts);
            copy.accountsHash = accountsHash;
            return copy;
        }

        void put(int account, long value) {
            Long before = accounts.put(account, value);
            if (before != null) {
                accountsHash ^= hash(account, before);
            }
            accountsHash ^= hash(account, value);
        }

        private static long hash(int account, long value) {
            long hash = (value * 31 + account) * 0x9E3779B97F4A7C15L;
            return hash ^ hash >>> 29;
        }
    }

    private static final class Machine implements SimulatedMachine {
        private final Disk disk;
        private State state = new State();
        private State durable = new State();

        Machine(Disk disk) {
            this.disk = disk;
        }

        @Override
        public long durableAppliedIndex() {
            return durable.applied;
        }

        @Override
        public void apply(List<Entry> entries) {
            for (Entry entry : entries) {
                if (entry.index() != state.applied + 1) {
                    throw new IllegalStateException("applied " + entry + " after " + state.applied);
                }
                state.applied = entry.index();
                state.chain = state.chain * 31 + (entry.type() == EntryType.COMMAND ? entry.payloadCrc() : 1);
                if (entry.type() == EntryType.COMMAND) {
                    long operation = entry.payload().getLong(entry.payload().position());
                    state.put((int) (operation % ACCOUNTS), entry.payloadCrc() + operation);
                    if (operation % RELEASE_EVERY == 0) {
                        state.neededFrom = Math.max(state.neededFrom, entry.index() - KEPT_ENTRIES);
                    }
                }
            }
        }

        @Override
        public long neededFromIndex() {
            return Math.min(state.neededFrom, durable.neededFrom);
        }

        /** A head and one to three files of accounts, so that there is something to fetch in parts. */
        @Override
        public long snapshot(Path folder) throws IOException {
            disk.createFolders(folder);
            ByteBuffer head = ByteBuffer.allocate(32)
                    .putLong(state.applied)
                    .putLong(state.chain)
                    .putLong(state.neededFrom)
                    .putLong(state.accountsHash);
            write(folder.resolve("head"), head);
            int files = (int) (state.applied % 3) + 1;
            for (int i = 0; i < files; i++) {
                ByteBuffer part = ByteBuffer.allocate(state.accounts.size() * 12);
                for (Map.Entry<Integer, Long> account : state.accounts.entrySet()) {
                    if (account.getKey() % files == i) {
                        part.putInt(account.getKey()).putLong(account.getValue());
                    }
                }
                write(folder.resolve("accounts-" + i), part);
            }
            return state.applied;
        }

        private void write(Path path, ByteBuffer bytes) throws IOException {
            try (Disk.DiskFile file = disk.open(path, true)) {
                file.write(new ByteBuffer[] {bytes.flip()}, 1, 0);
            }
        }

        @Override
        public void restore(Path folder) throws IOException {
            State found = new State();
            ByteBuffer head = read(folder.resolve("head"));
            found.applied = head.getLong();
            found.chain = head.getLong();
            found.neededFrom = head.getLong();
            long accountsHash = head.getLong();
            for (String name : disk.list(folder)) {
                if (!name.equals("head")) {
                    for (ByteBuffer part = read(folder.resolve(name)); part.hasRemaining(); ) {
                        found.put(part.getInt(), part.getLong());
                    }
                }
            }
            if (found.accountsHash != accountsHash) {
                throw new Violation("R24 restores the snapshot of index " + found.applied + " with other accounts");
            }
            state = found;
            durable = found.copy();
        }

        private ByteBuffer read(Path path) throws IOException {
            try (Disk.DiskFile file = disk.open(path, false)) {
                ByteBuffer bytes = ByteBuffer.allocate((int) file.sizeBytes());
                while (bytes.hasRemaining() && file.read(bytes, bytes.position()) >= 0) {
                    // All in the condition.
                }
                return bytes.flip();
            }
        }

        @Override
        public void restart() {
            state = durable.copy();
        }

        @Override
        public void makeDurable() {
            durable = state.copy();
        }

        @Override
        public long appliedIndex() {
            return state.applied;
        }

        @Override
        public long stateHash() {
            return (state.chain * 31 + state.neededFrom) * 31 + state.accountsHash;
        }
    }
}
