package io.argosy.raft;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/** The voters of a group, sorted by id. Payload of a {@link EntryType#CONFIG} entry; entry 1 of every group is one. */
public record Membership(UUID groupUuid, List<Member> voters) {

    private static final byte VERSION = 1;

    public Membership {
        voters = voters.stream().sorted(Comparator.comparing(Member::id)).toList();
        if (voters.isEmpty()) {
            throw new IllegalArgumentException("a group needs at least one voter");
        }
        if (voters.stream().map(Member::id).distinct().count() != voters.size()) {
            throw new IllegalArgumentException("replica id twice in " + voters);
        }
    }

    public int majority() {
        return voters.size() / 2 + 1;
    }

    public Optional<Member> voter(ReplicaId id) {
        return voters.stream().filter(m -> m.id().equals(id)).findFirst();
    }

    /** Layout: version u8, group UUID 16, voter count u16, then per voter id u16 and store UUID 16; big endian. */
    public ByteBuffer encode() {
        ByteBuffer out = ByteBuffer.allocate(1 + 16 + 2 + voters.size() * 18);
        out.put(VERSION).putLong(groupUuid.getMostSignificantBits()).putLong(groupUuid.getLeastSignificantBits());
        out.putShort((short) voters.size());
        for (Member voter : voters) {
            out.putShort((short) voter.id().value())
                    .putLong(voter.storeUuid().getMostSignificantBits())
                    .putLong(voter.storeUuid().getLeastSignificantBits());
        }
        return out.flip().asReadOnlyBuffer();
    }

    /** @throws IllegalArgumentException if the bytes are not an encoded membership */
    public static Membership decode(ByteBuffer source) {
        ByteBuffer in = source.duplicate();
        if (in.remaining() < 19 || in.get() != VERSION) {
            throw new IllegalArgumentException("not a membership: " + source);
        }
        UUID group = new UUID(in.getLong(), in.getLong());
        int count = in.getShort();
        if (count < 1 || in.remaining() != count * 18) {
            throw new IllegalArgumentException("membership of " + count + " voters in " + in.remaining() + " bytes");
        }
        List<Member> voters = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            voters.add(new Member(new ReplicaId(in.getShort()), new UUID(in.getLong(), in.getLong())));
        }
        return new Membership(group, voters);
    }
}
