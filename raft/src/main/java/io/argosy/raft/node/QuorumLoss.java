package io.argosy.raft.node;

import io.argosy.raft.Entry;
import io.argosy.raft.EntryType;
import io.argosy.raft.Member;
import io.argosy.raft.Membership;
import io.argosy.raft.RaftConfig;
import io.argosy.raft.RaftStatus.Damage;
import io.argosy.raft.ReplicaId;
import io.argosy.raft.core.HardState;
import io.argosy.raft.core.LogEnd;
import io.argosy.raft.core.RestoredState;
import io.argosy.raft.core.RestoredState.TermStart;
import io.argosy.raft.storage.Disk;
import io.argosy.raft.storage.LocalStore;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Recovery of a group that lost the majority of its voters for good (docs/raft-rules.md, 4.14). Offline, on the data
 * folders of the replicas that are left, each locked while this is open. It gives up what Raft promises: what only the
 * dead replicas had is lost, whether or not it was acknowledged.
 *
 * <p>The most advanced survivor gets a new membership without the dead, as the first entry of a new term. All survivors
 * given get that term and a recovery epoch above all others: replicas of an older epoch are refused from then on, and so
 * are their claims at the name servers. Interrupted, it is repeated as a whole.
 */
public final class QuorumLoss implements AutoCloseable {

    private final List<Opened> opened = new ArrayList<>();

    private record Opened(LocalStore store, Survivor survivor) {}

    /**
     * What one data folder holds.
     *
     * @param appliedIndex durable in its state: known to be committed
     * @param membership in force at the end of its log
     * @param mayHaveLostMore its log went further, for all it knows; it does not vote for who has no more
     */
    public record Survivor(
            Path folder,
            ReplicaId id,
            UUID storeUuid,
            String groupName,
            long recoveryEpoch,
            long term,
            long firstIndex,
            long lastIndex,
            long lastTerm,
            long appliedIndex,
            List<Damage> damage,
            Membership membership,
            boolean mayHaveLostMore) {}

    /** Whether and how the group can be recovered. */
    public sealed interface Judged {

        record Refused(String reason) implements Judged {}

        /**
         * @param source the survivor whose log the group goes on with
         * @param membership the one that is written
         */
        record Plan(Survivor source, Membership membership, long term, long recoveryEpoch) implements Judged {}
    }

    /** Tells what the state in a data folder has applied, 0 if it has none. */
    public interface AppliedIndexes {
        long of(Path folder) throws IOException;
    }

    /**
     * Opens the folders and recovers their logs as a start of the replica would.
     *
     * @throws Disk.StoreLockedException if a process uses one of the folders
     * @throws io.argosy.raft.storage.DamagedStoreException if a replica could not start on one
     * @throws IllegalArgumentException if a folder holds no replica of a group
     */
    public static QuorumLoss open(Disk disk, List<Path> folders, RaftConfig.Storage storage, AppliedIndexes applied)
            throws IOException {
        QuorumLoss all = new QuorumLoss();
        try {
            for (Path folder : folders) {
                if (!disk.exists(folder.resolve("identity"))) {
                    throw new IllegalArgumentException(folder + " is not the data folder of a replica");
                }
                LocalStore store = LocalStore.openStepped(disk, folder, storage, UUID::randomUUID);
                try {
                    all.opened.add(new Opened(store, survivor(folder, store, applied.of(folder))));
                } catch (IOException | RuntimeException e) {
                    store.close();
                    throw e;
                }
            }
            return all;
        } catch (IOException | RuntimeException e) {
            all.close();
            throw e;
        }
    }

    private static Survivor survivor(Path folder, LocalStore store, long appliedIndex) throws IOException {
        RestoredState restored =
                store.restored(Math.max(appliedIndex, store.log().firstIndex() - 1));
        Membership membership = restored.membership()
                .orElseThrow(() -> new IllegalArgumentException(folder + " holds a store that belongs to no group"))
                .membership();
        Member self = membership.members().stream()
                .filter(member -> member.isStore(store.storeUuid()))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(folder + " holds store " + store.storeUuid()
                        + ", which is no member of its group: it was removed, or never added"));
        List<TermStart> terms = restored.terms();
        return new Survivor(
                folder,
                self.id(),
                store.storeUuid(),
                store.groupName().orElse(""),
                store.recoveryEpoch(),
                restored.hardState().term(),
                restored.firstIndex(),
                restored.lastIndex(),
                terms.isEmpty() ? 0 : terms.get(terms.size() - 1).term(),
                appliedIndex,
                store.log().damage(),
                membership,
                !restored.hardState().reached().equals(LogEnd.NONE));
    }

    /** In the order in which the folders were given. */
    public List<Survivor> survivors() {
        return opened.stream().map(Opened::survivor).toList();
    }

    /**
     * Changes nothing.
     *
     * @param dead all other members of the group, none forgotten: they are out for good
     * @param wanted the survivor to go on with, empty for the most advanced one
     */
    public Judged judge(Set<ReplicaId> dead, Optional<ReplicaId> wanted) {
        List<Survivor> survivors = survivors();
        Set<UUID> groups = survivors.stream()
                .map(survivor -> survivor.membership.groupUuid())
                .collect(Collectors.toSet());
        if (groups.size() != 1) {
            return new Judged.Refused("the folders belong to different groups: " + groups);
        }
        Set<ReplicaId> alive = survivors.stream().map(Survivor::id).collect(Collectors.toCollection(TreeSet::new));
        if (alive.size() != survivors.size()) {
            return new Judged.Refused("two of the folders are copies of one replica: give each replica once");
        }
        Survivor ahead = survivors.stream()
                .max(Comparator.comparingLong(Survivor::lastTerm)
                        .thenComparingLong(Survivor::lastIndex)
                        .thenComparing(survivor -> survivor.damage.isEmpty())
                        .thenComparing(Survivor::id, Comparator.reverseOrder()))
                .orElseThrow();
        Optional<Survivor> source = wanted.isEmpty()
                ? Optional.of(ahead)
                : survivors.stream().filter(s -> s.id.equals(wanted.get())).findFirst();
        if (source.isEmpty()) {
            return new Judged.Refused("no folder of replica " + wanted.get() + " was given");
        }
        return judge(source.get(), alive, dead);
    }

    private Judged judge(Survivor source, Set<ReplicaId> alive, Set<ReplicaId> dead) {
        Membership before = source.membership;
        for (Member member : before.members()) {
            boolean lives = alive.contains(member.id());
            if (lives == dead.contains(member.id())) {
                return new Judged.Refused(
                        lives
                                ? "replica " + member.id() + " is named as dead, and its folder was given"
                                : "replica " + member.id() + " of the group is neither given nor named as dead");
            }
        }
        for (ReplicaId id : dead) {
            if (before.member(id).isEmpty()) {
                return new Judged.Refused("replica " + id + " is named as dead, and is no member of the group");
            }
        }
        for (ReplicaId id : alive) {
            if (before.member(id).isEmpty()) {
                return new Judged.Refused("replica " + id + " is no member of the group as replica " + source.id
                        + " knows it: leave its folder out, and add it again afterwards");
            }
        }
        long voters =
                before.voters().stream().filter(v -> alive.contains(v.id())).count();
        long whole = survivors().stream()
                .filter(survivor ->
                        !survivor.mayHaveLostMore && before.voter(survivor.id).isPresent())
                .count();
        if (voters >= before.majority() && whole >= before.majority()) {
            return new Judged.Refused(voters + " of " + before.voters().size()
                    + " voters are left, a majority: start them, and replace the others by 'argosy raft replace'."
                    + " Nothing needs to be lost");
        }
        if (!source.damage.isEmpty()) {
            return new Judged.Refused("the log of replica " + source.id + " is damaged at " + source.damage
                    + ", and a damaged replica does not lead: go on with another one (--from), or from a backup");
        }
        List<Member> left =
                before.voters().stream().filter(v -> alive.contains(v.id())).toList();
        List<Member> learners =
                before.learners().stream().filter(l -> alive.contains(l.id())).toList();
        if (left.isEmpty()) {
            // A learner that is all that is left is more than nothing.
            left = List.of(before.member(source.id).orElseThrow());
            learners = learners.stream().filter(l -> !l.id().equals(source.id)).toList();
        }
        if (left.stream().noneMatch(voter -> voter.id().equals(source.id))) {
            return new Judged.Refused("replica " + source.id
                    + " has the most and is a learner, which cannot lead while voters are left: leave the others out and"
                    + " add them again afterwards");
        }
        List<ReplicaId> retired =
                Stream.concat(before.retired().stream(), dead.stream()).toList();
        long term = survivors().stream().mapToLong(Survivor::term).max().orElseThrow() + 1;
        long epoch =
                survivors().stream().mapToLong(Survivor::recoveryEpoch).max().orElseThrow() + 1;
        return new Judged.Plan(
                source, new Membership(before.groupUuid(), left, learners, retired, before.flush()), term, epoch);
    }

    /** Carries it out; durable on return. */
    public void execute(Judged.Plan plan) throws IOException {
        // Terms first: from then on nobody here can have another leader in the new term.
        HardState state = new HardState(plan.term(), Optional.of(plan.source().id()));
        for (Opened each : opened) {
            each.store.saveHardState(state);
        }
        for (Opened each : opened) {
            each.store.beginEpoch(plan.recoveryEpoch());
        }
        for (Opened each : opened) {
            if (each.survivor.equals(plan.source())) {
                long index = plan.source().lastIndex() + 1;
                each.store
                        .log()
                        .append(List.of(Entry.of(
                                index,
                                plan.term(),
                                EntryType.CONFIG,
                                plan.membership().encode())));
                each.store.log().sync();
                each.store.maintain();
            }
        }
    }

    @Override
    public void close() throws IOException {
        IOException failed = null;
        for (Opened each : opened) {
            try {
                each.store.close();
            } catch (IOException e) {
                failed = e;
            }
        }
        opened.clear();
        if (failed != null) {
            throw failed;
        }
    }
}
