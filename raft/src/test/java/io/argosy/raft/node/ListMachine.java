package io.argosy.raft.node;

import io.argosy.raft.Entry;
import io.argosy.raft.EntryType;
import io.argosy.raft.StateMachine;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Keeps every command; durable only as far as it is told. */
final class ListMachine implements StateMachine {

    private final List<String> commands = new ArrayList<>();
    private List<String> durableCommands = List.of();
    private long applied;
    private volatile long durable;
    private volatile long neededFrom = Long.MAX_VALUE;

    /** Entries from the index on are still referred to. */
    void needs(long fromIndex) {
        neededFrom = fromIndex;
    }

    @Override
    public long neededFromIndex() {
        return neededFrom;
    }

    /** The machine as it is found after its process ended. */
    synchronized ListMachine reopened() {
        ListMachine found = new ListMachine();
        found.commands.addAll(durableCommands);
        found.durableCommands = durableCommands;
        found.applied = durable;
        found.durable = durable;
        found.neededFrom = neededFrom;
        return found;
    }

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

    /** One command per line, behind a line with the applied index. */
    @Override
    public synchronized long snapshot(Path folder) throws IOException {
        Files.createDirectories(folder);
        List<String> lines = new ArrayList<>();
        lines.add(Long.toString(applied));
        lines.addAll(commands);
        Files.write(folder.resolve("commands"), lines);
        return applied;
    }

    @Override
    public synchronized void restore(Path folder) throws IOException {
        List<String> lines = Files.readAllLines(folder.resolve("commands"));
        applied = Long.parseLong(lines.get(0));
        durable = applied;
        commands.clear();
        commands.addAll(lines.subList(1, lines.size()));
        durableCommands = List.copyOf(commands);
    }

    synchronized List<String> commands() {
        return List.copyOf(commands);
    }

    synchronized void makeDurable() {
        durable = applied;
        durableCommands = List.copyOf(commands);
    }
}
