package io.argosy.raft.transport;

import com.google.protobuf.ByteString;
import io.argosy.proto.v1.AppendRequest;
import io.argosy.proto.v1.AppendResponse;
import io.argosy.proto.v1.Heartbeat;
import io.argosy.proto.v1.HeartbeatResponse;
import io.argosy.proto.v1.LeaderResigned;
import io.argosy.proto.v1.RaftFrame;
import io.argosy.proto.v1.SnapshotOffer;
import io.argosy.proto.v1.TimeoutNow;
import io.argosy.proto.v1.VoteRefusal;
import io.argosy.proto.v1.VoteRequest;
import io.argosy.proto.v1.VoteResponse;
import io.argosy.raft.Entry;
import io.argosy.raft.core.Message;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/** Between the core's messages and the generated ones. */
final class FrameCodec {

    private FrameCodec() {}

    /** The frame cannot be understood, or an entry in it is damaged; nothing of it may be used. */
    static final class BadFrameException extends Exception {
        private static final long serialVersionUID = 1L;

        BadFrameException(String message) {
            super(message);
        }
    }

    static RaftFrame encode(Message message) {
        RaftFrame.Builder frame = RaftFrame.newBuilder();
        if (message instanceof Message.VoteRequest m) {
            frame.setVoteRequest(VoteRequest.newBuilder()
                    .setTerm(m.term())
                    .setLastIndex(m.lastIndex())
                    .setLastTerm(m.lastTerm())
                    .setPreVote(m.preVote())
                    .setTransfer(m.transfer())
                    .setLeaderLost(m.leaderLost())
                    .setHollow(m.hollow())
                    .setGivesUp(m.givesUp()));
        } else if (message instanceof Message.VoteResponse m) {
            frame.setVoteResponse(VoteResponse.newBuilder()
                    .setTerm(m.term())
                    .setGranted(m.granted())
                    .setPreVote(m.preVote())
                    .setRefusal(encode(m.refusal())));
        } else if (message instanceof Message.AppendRequest m) {
            ByteBuffer entries = ByteBuffer.allocate(
                    m.entries().stream().mapToInt(Entry::frameBytes).sum());
            for (Entry entry : m.entries()) {
                entry.encodeHeader(entries);
                entries.put(entry.payload());
            }
            frame.setAppendRequest(encodeWithoutEntries(m).toBuilder().setEntries(ByteString.copyFrom(entries.flip())));
        } else if (message instanceof Message.AppendResponse m) {
            frame.setAppendResponse(AppendResponse.newBuilder()
                    .setTerm(m.term())
                    .setSession(m.session())
                    .setRejected(m.rejected())
                    .setIndex(m.index())
                    .setHintTerm(m.hintTerm())
                    .setHintIndex(m.hintIndex())
                    .setAppliedIndex(m.appliedIndex())
                    .setDiskSlow(m.diskSlow()));
        } else if (message instanceof Message.Heartbeat m) {
            frame.setHeartbeat(Heartbeat.newBuilder()
                    .setTerm(m.term())
                    .setCommitIndex(m.commitIndex())
                    .setReadRound(m.readRound())
                    .setSession(m.session())
                    .setWindowEnd(m.windowEnd())
                    .setWindowHash(m.windowHash()));
        } else if (message instanceof Message.HeartbeatResponse m) {
            frame.setHeartbeatResponse(HeartbeatResponse.newBuilder()
                    .setTerm(m.term())
                    .setReadRound(m.readRound())
                    .setSession(m.session())
                    .setDurableIndex(m.durableIndex())
                    .setAppliedIndex(m.appliedIndex())
                    .setDiskSlow(m.diskSlow())
                    .setCompleteFrom(m.completeFrom()));
        } else if (message instanceof Message.TimeoutNow m) {
            frame.setTimeoutNow(TimeoutNow.newBuilder().setTerm(m.term()));
        } else if (message instanceof Message.SnapshotOffer m) {
            frame.setSnapshotOffer(SnapshotOffer.newBuilder()
                    .setTerm(m.term())
                    .setPrevIndex(m.prevIndex())
                    .setPrevTerm(m.prevTerm()));
        } else if (message instanceof Message.LeaderResigned m) {
            frame.setLeaderResigned(LeaderResigned.newBuilder().setTerm(m.term()));
        } else {
            throw new AssertionError(message);
        }
        return frame.build();
    }

    static AppendRequest encodeWithoutEntries(Message.AppendRequest m) {
        return AppendRequest.newBuilder()
                .setTerm(m.term())
                .setPrevIndex(m.prevIndex())
                .setPrevTerm(m.prevTerm())
                .setCommitIndex(m.commitIndex())
                .setSession(m.session())
                .setEntryCount(m.entries().size())
                .build();
    }

    static Message decode(RaftFrame frame) throws BadFrameException {
        return switch (frame.getFrameCase()) {
            case VOTE_REQUEST -> {
                VoteRequest m = frame.getVoteRequest();
                yield new Message.VoteRequest(
                        m.getTerm(),
                        m.getLastIndex(),
                        m.getLastTerm(),
                        m.getPreVote(),
                        m.getTransfer(),
                        m.getLeaderLost(),
                        m.getHollow(),
                        m.getGivesUp());
            }
            case VOTE_RESPONSE -> {
                VoteResponse m = frame.getVoteResponse();
                yield new Message.VoteResponse(m.getTerm(), m.getGranted(), m.getPreVote(), decode(m.getRefusal()));
            }
            case APPEND_REQUEST -> {
                AppendRequest m = frame.getAppendRequest();
                yield new Message.AppendRequest(
                        m.getTerm(), m.getPrevIndex(), m.getPrevTerm(), m.getCommitIndex(), m.getSession(), entries(m));
            }
            case APPEND_RESPONSE -> {
                AppendResponse m = frame.getAppendResponse();
                yield new Message.AppendResponse(
                        m.getTerm(),
                        m.getSession(),
                        m.getRejected(),
                        m.getIndex(),
                        m.getHintTerm(),
                        m.getHintIndex(),
                        m.getAppliedIndex(),
                        m.getDiskSlow());
            }
            case HEARTBEAT -> {
                Heartbeat m = frame.getHeartbeat();
                yield new Message.Heartbeat(
                        m.getTerm(),
                        m.getCommitIndex(),
                        m.getReadRound(),
                        m.getSession(),
                        m.getWindowEnd(),
                        m.getWindowHash());
            }
            case HEARTBEAT_RESPONSE -> {
                HeartbeatResponse m = frame.getHeartbeatResponse();
                yield new Message.HeartbeatResponse(
                        m.getTerm(),
                        m.getReadRound(),
                        m.getSession(),
                        m.getDurableIndex(),
                        m.getAppliedIndex(),
                        m.getDiskSlow(),
                        m.getCompleteFrom());
            }
            case SNAPSHOT_OFFER -> {
                SnapshotOffer m = frame.getSnapshotOffer();
                yield new Message.SnapshotOffer(m.getTerm(), m.getPrevIndex(), m.getPrevTerm());
            }
            case TIMEOUT_NOW -> new Message.TimeoutNow(frame.getTimeoutNow().getTerm());
            case LEADER_RESIGNED ->
                new Message.LeaderResigned(frame.getLeaderResigned().getTerm());
            case OPEN -> throw new BadFrameException("a second StreamOpen on one stream");
            case FRAME_NOT_SET -> throw new BadFrameException("an empty or unknown frame");
        };
    }

    /** The entries are views of the frame's bytes. */
    private static List<Entry> entries(AppendRequest append) throws BadFrameException {
        ByteBuffer bytes = append.getEntries().asReadOnlyByteBuffer();
        int count = append.getEntryCount();
        if (count < 0 || count > bytes.remaining() / Entry.HEADER_BYTES) {
            throw new BadFrameException(count + " entries in " + bytes.remaining() + " bytes");
        }
        List<Entry> entries = new ArrayList<>(count);
        long expectedIndex = append.getPrevIndex() + 1;
        for (int i = 0; i < count; i++) {
            Entry.Decoded decoded = Entry.decode(bytes);
            if (!(decoded instanceof Entry.Decoded.Whole whole)) {
                throw new BadFrameException("entry " + expectedIndex + " is damaged: " + decoded);
            }
            if (whole.entry().index() != expectedIndex) {
                throw new BadFrameException(
                        "entry " + whole.entry().index() + " where " + expectedIndex + " should be");
            }
            entries.add(whole.entry());
            expectedIndex++;
        }
        if (bytes.hasRemaining()) {
            throw new BadFrameException(bytes.remaining() + " bytes behind the last entry");
        }
        return entries;
    }

    private static VoteRefusal encode(Message.Refusal refusal) {
        return switch (refusal) {
            case NONE -> VoteRefusal.VOTE_REFUSAL_NONE;
            case LEADER_ALIVE -> VoteRefusal.VOTE_REFUSAL_LEADER_ALIVE;
            case LOG_BEHIND -> VoteRefusal.VOTE_REFUSAL_LOG_BEHIND;
            case STALE_TERM -> VoteRefusal.VOTE_REFUSAL_STALE_TERM;
            case ALREADY_VOTED -> VoteRefusal.VOTE_REFUSAL_ALREADY_VOTED;
            case UNKNOWN_MEMBER -> VoteRefusal.VOTE_REFUSAL_UNKNOWN_MEMBER;
            case CANDIDATE_HOLLOW -> VoteRefusal.VOTE_REFUSAL_CANDIDATE_HOLLOW;
            case LOST_MORE -> VoteRefusal.VOTE_REFUSAL_LOST_MORE;
        };
    }

    private static Message.Refusal decode(VoteRefusal refusal) {
        return switch (refusal) {
            // A reason that a newer version has and this one does not know is for people only.
            case VOTE_REFUSAL_NONE, UNRECOGNIZED -> Message.Refusal.NONE;
            case VOTE_REFUSAL_LEADER_ALIVE -> Message.Refusal.LEADER_ALIVE;
            case VOTE_REFUSAL_LOG_BEHIND -> Message.Refusal.LOG_BEHIND;
            case VOTE_REFUSAL_STALE_TERM -> Message.Refusal.STALE_TERM;
            case VOTE_REFUSAL_ALREADY_VOTED -> Message.Refusal.ALREADY_VOTED;
            case VOTE_REFUSAL_UNKNOWN_MEMBER -> Message.Refusal.UNKNOWN_MEMBER;
            case VOTE_REFUSAL_CANDIDATE_HOLLOW -> Message.Refusal.CANDIDATE_HOLLOW;
            case VOTE_REFUSAL_LOST_MORE -> Message.Refusal.LOST_MORE;
        };
    }

    static ByteString encode(UUID uuid) {
        return ByteString.copyFrom(ByteBuffer.allocate(16)
                .putLong(uuid.getMostSignificantBits())
                .putLong(uuid.getLeastSignificantBits())
                .flip());
    }

    static UUID decodeUuid(ByteString bytes) throws BadFrameException {
        if (bytes.size() != 16) {
            throw new BadFrameException("a UUID of " + bytes.size() + " bytes");
        }
        ByteBuffer buffer = bytes.asReadOnlyByteBuffer();
        return new UUID(buffer.getLong(), buffer.getLong());
    }
}
