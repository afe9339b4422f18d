package io.argosy.raft.storage;

import io.argosy.raft.Membership;
import io.argosy.raft.core.RestoredState.ConfigAt;
import io.argosy.raft.core.RestoredState.TermStart;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What a scan of a sealed segment would find, beside it in a file of its own, so that opening a large log needn't scan.
 * A cache and no evidence: if it is missing, fails its checksum or doesn't fit the segments around it, they are scanned.
 */
record SealedIndex(
        long epoch,
        long lastIndex,
        long endPosition,
        int chain,
        Batch.Cuts cuts,
        List<TermStart> terms,
        List<ConfigAt> configs,
        SegmentIndex index) {

    private static final int MAGIC = 0x41524758;

    ByteBuffer encode() {
        long[][] places = index.copy();
        List<ByteBuffer> members =
                configs.stream().map(c -> c.membership().encode()).toList();
        int configBytes = members.stream().mapToInt(m -> 12 + m.remaining()).sum();
        ByteBuffer out = ByteBuffer.allocate(4
                + 8 * 3
                + 4
                + Batch.Cuts.BYTES
                + 16
                + terms.size() * 16
                + configBytes
                + places[0].length * 16
                + places[2].length * 8
                + 4);
        out.putInt(MAGIC).putLong(epoch).putLong(lastIndex).putLong(endPosition).putInt(chain);
        cuts.encode(out);
        out.putInt(terms.size());
        terms.forEach(t -> out.putLong(t.firstIndex()).putLong(t.term()));
        out.putInt(configs.size());
        for (int i = 0; i < members.size(); i++) {
            out.putLong(configs.get(i).index())
                    .putInt(members.get(i).remaining())
                    .put(members.get(i));
        }
        out.putInt(places[0].length);
        for (int i = 0; i < places[0].length; i++) {
            out.putLong(places[0][i]).putLong(places[1][i]);
        }
        out.putInt(places[2].length);
        for (long index : places[2]) {
            out.putLong(index);
        }
        out.putInt(Checksums.of(out, 0, out.position()));
        return out.flip();
    }

    static Optional<SealedIndex> load(Disk disk, Path path) throws IOException {
        if (!disk.exists(path)) {
            return Optional.empty();
        }
        ByteBuffer in = AtomicFile.load(disk, path);
        int end = in.remaining() - 4;
        if (end < 48 || in.getInt(end) != Checksums.of(in, 0, end) || in.getInt() != MAGIC) {
            return Optional.empty();
        }
        long epoch = in.getLong();
        long lastIndex = in.getLong();
        long endPosition = in.getLong();
        int chain = in.getInt();
        Batch.Cuts cuts = Batch.Cuts.decode(in);
        List<TermStart> terms = new ArrayList<>();
        for (int i = in.getInt(); i > 0; i--) {
            terms.add(new TermStart(in.getLong(), in.getLong()));
        }
        List<ConfigAt> configs = new ArrayList<>();
        for (int i = in.getInt(); i > 0; i--) {
            long index = in.getLong();
            int bytes = in.getInt();
            configs.add(new ConfigAt(index, Membership.decode(in.slice(in.position(), bytes))));
            in.position(in.position() + bytes);
        }
        int points = in.getInt();
        SegmentIndex index = SegmentIndex.read(in, points);
        return Optional.of(new SealedIndex(epoch, lastIndex, endPosition, chain, cuts, terms, configs, index));
    }
}
