package io.argosy.raft.node;

import io.argosy.raft.Entry;
import io.argosy.raft.EntryType;
import io.argosy.raft.StateMachine;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Keeps every command; durable only as far as it is told. */
final class ListMachine implements StateMachine {

    private final List<String> commands = new ArrayList<>();
    private long applied;
    private volatile long durable;

    @Override
    public long durableAppliedIndex() {
        return durable;
    }

    @Override
    public synchronized void apply(List<Entry> entries) {
        for (Entry entry : entries) {
            if (entry.index() != applied + 1) {
                throw new IllegalStateException("entry " + entry.index() + " after " + applied);
            }
            applied = entry.index();
            if (entry.type() == EntryType.COMMAND) {
                String command = StandardCharsets.UTF_8.decode(entry.payload()).toString();
                if (command.equals("poison")) {
                    throw new IllegalStateException("poisoned");
                }
                commands.add(command);
            }
        }
    }

    synchronized List<String> commands() {
        return List.copyOf(commands);
    }

    synchronized void makeDurable() {
        durable = applied;
    }
}
