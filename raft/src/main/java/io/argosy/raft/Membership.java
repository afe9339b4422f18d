package io.argosy.raft;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;

/**
 * Who belongs to a group, sorted by id. Payload of a {@link EntryType#CONFIG} entry; entry 1 of every group is one.
 *
 * @param voters count for majorities
 * @param learners get all entries and count for nothing (thesis 4.2.1); none of them is a voter
 * @param retired ids that belonged to replicas that were removed: never given to another store (R37)
 * @param flush when an entry counts as durable, on every replica alike (D3)
 */
public record Membership(
        UUID groupUuid, List<Member> voters, List<Member> learners, List<ReplicaId> retired, RaftConfig.Flush flush) {

    /** What a segment's header has room for. */
    public static final int ENCODED_BYTES_MAX = 3_584;

    private static final byte VERSION = 2;
    /** As version 2, in a group that flushes asynchronously. */
    private static final byte VERSION_ASYNC = 3;

    private static final int RETIRED_BYTES = (ReplicaId.MAX + 1) / 8;
    private static final int FIXED_BYTES = 1 + 16 + RETIRED_BYTES + 2 + 2;
    private static final int MEMBER_BYTES = 2 + 16 + 1 + 2 + 2;

    public Membership {
        voters = voters.stream().sorted(Comparator.comparing(Member::id)).toList();
        learners = learners.stream().sorted(Comparator.comparing(Member::id)).toList();
        retired = retired.stream().sorted().distinct().toList();
        if (voters.isEmpty()) {
            throw new IllegalArgumentException("a group needs at least one voter");
        }
        Set<ReplicaId> ids = new HashSet<>(retired);
        int sizeBytes = FIXED_BYTES;
        for (List<Member> members : List.of(voters, learners)) {
            for (Member member : members) {
                if (!ids.add(member.id())) {
                    throw new IllegalArgumentException("replica id " + member.id() + " twice in voters " + voters
                            + ", learners " + learners + ", retired " + retired);
                }
                sizeBytes += MEMBER_BYTES + utf8(member.peerAddress()).length + utf8(member.services()).length;
            }
        }
        if (sizeBytes > ENCODED_BYTES_MAX) {
            throw new IllegalArgumentException("a membership of " + (voters.size() + learners.size())
                    + " replicas takes " + sizeBytes + " bytes, at most " + ENCODED_BYTES_MAX + " are allowed");
        }
    }

    /** As it is at a group's birth. */
    public Membership(UUID groupUuid, List<Member> voters) {
        this(groupUuid, voters, List.of(), List.of());
    }

    /** In a group that syncs before it acknowledges. */
    public Membership(UUID groupUuid, List<Member> voters, List<Member> learners, List<ReplicaId> retired) {
        this(groupUuid, voters, learners, retired, RaftConfig.Flush.FSYNC);
    }

    public Membership withFlush(RaftConfig.Flush newFlush) {
        return new Membership(groupUuid, voters, learners, retired, newFlush);
    }

    public boolean isAsync() {
        return flush == RaftConfig.Flush.ASYNC;
    }

    public int majority() {
        return voters.size() / 2 + 1;
    }

    public Optional<Member> voter(ReplicaId id) {
        return find(voters, id);
    }

    public Optional<Member> learner(ReplicaId id) {
        return find(learners, id);
    }

    /** Voter or learner. */
    public Optional<Member> member(ReplicaId id) {
        return voter(id).or(() -> learner(id));
    }

    /** Voters and learners, sorted by id. */
    public List<Member> members() {
        List<Member> members = new ArrayList<>(voters);
        members.addAll(learners);
        members.sort(Comparator.comparing(Member::id));
        return members;
    }

    /** Another store has this id. */
    public boolean givesToAnother(ReplicaId id, UUID storeUuid) {
        return member(id).filter(m -> !m.isStore(storeUuid)).isPresent();
    }

    public boolean isRetired(ReplicaId id) {
        return retired.contains(id);
    }

    public Membership withLearner(Member learner) {
        List<Member> more = new ArrayList<>(learners);
        more.add(learner);
        return new Membership(groupUuid, voters, more, retired, flush);
    }

    /** The learner becomes a voter. */
    public Membership withPromoted(ReplicaId id) {
        List<Member> more = new ArrayList<>(voters);
        more.add(learner(id).orElseThrow());
        return new Membership(groupUuid, more, without(learners, id), retired, flush);
    }

    /** Without the voter or learner; its id is retired. */
    public Membership without(ReplicaId id) {
        List<ReplicaId> more = new ArrayList<>(retired);
        more.add(id);
        return new Membership(groupUuid, without(voters, id), without(learners, id), more, flush);
    }

    public Membership withPriority(ReplicaId id, int priority) {
        return new Membership(
                groupUuid,
                voters.stream()
                        .map(m -> m.id().equals(id) ? m.withPriority(priority) : m)
                        .toList(),
                learners.stream()
                        .map(m -> m.id().equals(id) ? m.withPriority(priority) : m)
                        .toList(),
                retired,
                flush);
    }

    private static Optional<Member> find(List<Member> members, ReplicaId id) {
        return members.stream().filter(m -> m.id().equals(id)).findFirst();
    }

    private static List<Member> without(List<Member> members, ReplicaId id) {
        return members.stream().filter(m -> !m.id().equals(id)).toList();
    }

    /**
     * Layout, big endian: version u8 (2, or 3 if the group flushes asynchronously), group UUID 16, retired ids as 1024 bits (bit i of byte j is id 8j + i), voter
     * count u16, learner count u16, then per voter and per learner id u16, store UUID 16, priority u8, peer address and
     * services as u16 length and UTF-8.
     */
    public ByteBuffer encode() {
        ByteBuffer out = ByteBuffer.allocate(ENCODED_BYTES_MAX);
        out.put(isAsync() ? VERSION_ASYNC : VERSION)
                .putLong(groupUuid.getMostSignificantBits())
                .putLong(groupUuid.getLeastSignificantBits());
        BitSet bits = new BitSet();
        retired.forEach(id -> bits.set(id.value()));
        out.put(bits.toByteArray()).position(1 + 16 + RETIRED_BYTES);
        out.putShort((short) voters.size()).putShort((short) learners.size());
        voters.forEach(member -> encode(member, out));
        learners.forEach(member -> encode(member, out));
        return ByteBuffer.allocate(out.position()).put(out.flip()).flip().asReadOnlyBuffer();
    }

    private static void encode(Member member, ByteBuffer out) {
        byte[] peerAddress = utf8(member.peerAddress());
        byte[] services = utf8(member.services());
        out.putShort((short) member.id().value())
                .putLong(member.storeUuid().getMostSignificantBits())
                .putLong(member.storeUuid().getLeastSignificantBits())
                .put((byte) member.priority())
                .putShort((short) peerAddress.length)
                .put(peerAddress)
                .putShort((short) services.length)
                .put(services);
    }

    /** @throws IllegalArgumentException if the bytes are not an encoded membership */
    public static Membership decode(ByteBuffer source) {
        ByteBuffer in = source.duplicate();
        byte version = in.remaining() < FIXED_BYTES ? 0 : in.get();
        if (version != VERSION && version != VERSION_ASYNC) {
            throw new IllegalArgumentException("not a membership: " + source);
        }
        try {
            UUID group = new UUID(in.getLong(), in.getLong());
            byte[] bits = new byte[RETIRED_BYTES];
            in.get(bits);
            List<ReplicaId> retired =
                    BitSet.valueOf(bits).stream().mapToObj(ReplicaId::new).toList();
            int voterCount = in.getShort();
            int learnerCount = in.getShort();
            List<Member> voters = decodeMembers(in, voterCount);
            List<Member> learners = decodeMembers(in, learnerCount);
            if (in.hasRemaining()) {
                throw new IllegalArgumentException(in.remaining() + " bytes behind a membership");
            }
            return new Membership(
                    group,
                    voters,
                    learners,
                    retired,
                    version == VERSION_ASYNC ? RaftConfig.Flush.ASYNC : RaftConfig.Flush.FSYNC);
        } catch (BufferUnderflowException e) {
            throw new IllegalArgumentException("a membership ends too early: " + source, e);
        }
    }

    private static List<Member> decodeMembers(ByteBuffer in, int count) {
        List<Member> members = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            ReplicaId id = new ReplicaId(in.getShort());
            UUID store = new UUID(in.getLong(), in.getLong());
            int priority = in.get() & 0xff;
            members.add(new Member(id, store, decodeText(in), decodeText(in), priority));
        }
        return members;
    }

    private static String decodeText(ByteBuffer in) {
        byte[] text = new byte[in.getShort() & 0xffff];
        in.get(text);
        return new String(text, StandardCharsets.UTF_8);
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
