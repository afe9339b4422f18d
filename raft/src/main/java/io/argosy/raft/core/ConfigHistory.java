package io.argosy.raft.core;

import io.argosy.raft.Membership;
import io.argosy.raft.core.RestoredState.ConfigAt;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The memberships that the log holds. The last one is in force, committed or not (thesis 4.1); a truncation that takes
 * it away puts the one before back in force (R50). Uncommitted ones of several terms may follow each other.
 */
final class ConfigHistory {

    private final ArrayList<ConfigAt> configs;

    ConfigHistory(List<ConfigAt> configs) {
        this.configs = new ArrayList<>(configs);
    }

    /** What is in force; empty while this store belongs to no group. */
    Optional<ConfigAt> current() {
        return configs.isEmpty() ? Optional.empty() : Optional.of(configs.get(configs.size() - 1));
    }

    /** Index of what is in force, 0 if nothing is. */
    long currentIndex() {
        return configs.isEmpty() ? 0 : configs.get(configs.size() - 1).index();
    }

    /** What was in force at the index, as far back as it is still known (R25). */
    Optional<ConfigAt> at(long index) {
        for (int i = configs.size() - 1; i >= 0; i--) {
            if (configs.get(i).index() <= index) {
                return Optional.of(configs.get(i));
            }
        }
        return Optional.empty();
    }

    void append(long index, Membership membership) {
        if (index <= currentIndex()) {
            throw new InvariantViolation("membership at " + index + " behind one at " + currentIndex());
        }
        configs.add(new ConfigAt(index, membership));
    }

    /**
     * Up to the index, what the log on disk holds takes the place of what was known: a lost entry that is back may be another
     * one. Returns whether another membership is in force now.
     */
    boolean learn(List<ConfigAt> onDisk, long upTo) {
        Optional<ConfigAt> before = current();
        List<ConfigAt> learned = new ArrayList<>();
        onDisk.stream().filter(c -> c.index() <= upTo).forEach(learned::add);
        if (learned.isEmpty()) {
            return false;
        }
        configs.stream().filter(c -> c.index() > upTo).forEach(learned::add);
        configs.clear();
        configs.addAll(learned);
        return !current().equals(before);
    }

    /** The log lost the index and all behind it. Returns whether another membership is in force now. */
    boolean truncateFrom(long index) {
        boolean changed = false;
        while (!configs.isEmpty() && currentIndex() >= index) {
            configs.remove(configs.size() - 1);
            changed = true;
        }
        if (changed && configs.isEmpty()) {
            throw new InvariantViolation("truncation from " + index + " leaves no membership");
        }
        return changed;
    }

    /** The log begins anew behind a snapshot that carries this membership (R25). */
    void resetTo(ConfigAt config) {
        configs.clear();
        configs.add(config);
    }

    /** Nothing up to the index can be truncated any more. */
    void forgetBelow(long index) {
        while (configs.size() > 1 && configs.get(1).index() <= index) {
            configs.remove(0);
        }
    }
}
