package io.argosy.broker.consume;

import static io.argosy.broker.consume.ConsumingFixture.push;
import static io.argosy.broker.consume.ConsumingFixture.receive;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.argosy.broker.consume.ConsumingFixture.Sink;
import io.argosy.broker.rpc.CallContext;
import io.argosy.proto.v2.Code;
import io.argosy.proto.v2.FilterExpression;
import io.argosy.proto.v2.FilterType;
import io.argosy.proto.v2.GetOffsetRequest;
import io.argosy.proto.v2.GetOffsetResponse;
import io.argosy.proto.v2.QueryOffsetPolicy;
import io.argosy.proto.v2.QueryOffsetRequest;
import io.argosy.proto.v2.QueryOffsetResponse;
import io.argosy.proto.v2.ReceiveMessageRequest;
import io.argosy.proto.v2.Resource;
import io.argosy.proto.v2.UpdateOffsetRequest;
import io.argosy.proto.v2.UpdateOffsetResponse;
import io.argosy.raft.RaftNode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ConsumingTest {

    private ConsumingFixture f = new ConsumingFixture();

    // ---- receive and acknowledge ----

    @Test
    void aReceiveTakesWhatIsThereInAllQueues() {
        f.publish(0, 2);
        f.publish(2, 1);

        Sink received = f.call("c1", receive("g"));

        assertThat(received.ids()).containsExactlyInAnyOrder("M0-0", "M0-1", "M2-0");
        assertThat(received.attempt(0)).isEqualTo(1);
        assertThat(received.messages()
                        .get(0)
                        .getSystemProperties()
                        .getBodyDigest()
                        .getChecksum())
                .matches("[0-9A-F]{32}");
    }

    @Test
    void aMessageIsHandedOutOnce() {
        f.publish(0, 1);
        f.call("c1", receive("g"));

        Sink second = f.call("c2", receive("g"));

        assertThat(second.answered()).isFalse();
        f.pass(5_000);
        assertThat(second.receiveCode()).isEqualTo(Code.MESSAGE_NOT_FOUND);
    }

    @Test
    void groupsDoNotTakeFromEachOther() {
        f.publish(0, 1);

        assertThat(f.call("c1", receive("g1")).ids()).containsExactly("M0-0");
        assertThat(f.call("c1", receive("g2")).ids()).containsExactly("M0-0");
    }

    @Test
    void officialClientsGetAtMost32MessagesAtOnce() {
        f.publish(0, 100);

        assertThat(f.call("c1", receive("g").setBatchSize(1000)).messages()).hasSize(32);
    }

    @Test
    void whatIsAcknowledgedNeverComesAgain() {
        f.publish(0, 1);
        Sink received = f.call("c1", receive("g"));

        assertThat(f.acked("g", received.handle(0))).isEqualTo(Code.OK);

        f.loop.pass(Duration.ofMinutes(1));
        Sink again = f.call("c1", receive("g"));
        f.pass(5_000);
        assertThat(again.receiveCode()).isEqualTo(Code.MESSAGE_NOT_FOUND);
        assertThat(f.progress(0).base()).isEqualTo(1);
    }

    @Test
    void acknowledgingTwiceIsFine() {
        f.publish(0, 1);
        Sink received = f.call("c1", receive("g"));
        f.acked("g", received.handle(0));

        assertThat(f.acked("g", received.handle(0))).isEqualTo(Code.OK);
    }

    @Test
    void entriesOfOneAcknowledgementAreJudgedOneByOne() {
        f.publish(0, 2);
        Sink received = f.call("c1", receive("g"));

        Sink acked = f.ack("g", received.handle(0), "nonsense");
        f.loop.settle();

        assertThat(acked.ackResponse().getStatus().getCode()).isEqualTo(Code.MULTIPLE_RESULTS);
        assertThat(acked.ackResponse().getEntries(0).getStatus().getCode()).isEqualTo(Code.OK);
        assertThat(acked.ackResponse().getEntries(1).getStatus().getCode()).isEqualTo(Code.INVALID_RECEIPT_HANDLE);
        assertThat(acked.ackResponse().getEntries(1).getReceiptHandle()).isEqualTo("nonsense");
    }

    @Test
    void aHandleOfAnotherGroupIsInvalid() {
        f.publish(0, 1);
        Sink received = f.call("c1", receive("g"));

        assertThat(f.acked("other", received.handle(0))).isEqualTo(Code.INVALID_RECEIPT_HANDLE);
    }

    @Test
    void anUnacknowledgedMessageComesAgainWhenItsTimeIsOver() {
        f.publish(0, 1);
        Sink first = f.call("c1", receive("g"));
        Sink second = f.call("c2", receive("g").setLongPollingTimeout(seconds(20)));

        f.pass(9_990);
        assertThat(second.answered()).isFalse();
        f.pass(10);

        assertThat(second.ids()).containsExactly("M0-0");
        assertThat(second.attempt(0)).isEqualTo(2);
        assertThat(f.acked("g", first.handle(0))).isEqualTo(Code.INVALID_RECEIPT_HANDLE);
        assertThat(f.acked("g", second.handle(0))).isEqualTo(Code.OK);
    }

    @Test
    void anExpiredHandleIsInvalidEvenIfNobodyElseGotTheMessage() {
        f.publish(0, 1);
        Sink received = f.call("c1", receive("g"));

        f.pass(10_000);

        assertThat(f.acked("g", received.handle(0))).isEqualTo(Code.INVALID_RECEIPT_HANDLE);
    }

    // ---- visibility ----

    @Test
    void changingTheInvisibleDurationReplacesTheHandle() {
        f.publish(0, 1);
        Sink received = f.call("c1", receive("g"));

        Sink changed = f.change("g", received.handle(0), 30);

        assertThat(changed.changeResponse().getStatus().getCode()).isEqualTo(Code.OK);
        f.pass(20_000);
        assertThat(f.acked("g", received.handle(0))).isEqualTo(Code.INVALID_RECEIPT_HANDLE);
        assertThat(f.acked("g", changed.changeResponse().getReceiptHandle())).isEqualTo(Code.OK);
    }

    @Test
    void aDurationOfZeroMakesTheMessageVisibleAtOnce() {
        f.publish(0, 1);
        Sink received = f.call("c1", receive("g"));
        Sink waiting = f.call("c2", receive("g"));

        f.change("g", received.handle(0), 0);

        assertThat(waiting.attempt(0)).isEqualTo(2);
    }

    @Test
    void aFailedChangeReturnsTheOldHandle() {
        Sink changed = f.change("g", "nonsense", 30);

        assertThat(changed.changeResponse().getStatus().getCode()).isEqualTo(Code.INVALID_RECEIPT_HANDLE);
        assertThat(changed.changeResponse().getReceiptHandle()).isEqualTo("nonsense");
    }

    @Test
    void aPushConsumerKeepsItsHandleThroughARepeatedNack() {
        f.publish(0, 1);
        Sink received = f.call("c1", push("g"));

        f.change("g", received.handle(0), 10);
        Sink repeated = f.change("g", received.handle(0), 10);

        assertThat(repeated.changeResponse().getStatus().getCode()).isEqualTo(Code.OK);
        Sink waiting = f.call("c2", push("g").setLongPollingTimeout(seconds(15)));
        f.pass(10_000);
        assertThat(waiting.attempt(0)).isEqualTo(2);
    }

    @Test
    void aPushConsumerKeepsItsMessageWhileItLives() {
        f.publish(0, 1);
        Sink received = f.call("c1", push("g"));

        f.loop.pass(Duration.ofHours(2));

        assertThat(f.acked("g", received.handle(0))).isEqualTo(Code.OK);
    }

    @Test
    void messagesOfAClientThatIsGoneComeAgainAfterASecond() {
        f.publish(0, 3);
        f.call("c1", push("g"));
        Sink waiting = f.call("c2", push("g"));

        f.clientGone("c1");
        f.pass(999);
        assertThat(waiting.answered()).isFalse();
        f.pass(1);

        assertThat(waiting.messages()).hasSize(3);
        assertThat(waiting.attempt(0)).isEqualTo(2);
    }

    @Test
    void aClientThatDiedUnderTheLastLeaderIsFoundOut() {
        f.publish(0, 1);
        f.call("c1", push("g"));
        f.pass(100);
        f.restart();
        f.clientFallsSilent("c1");

        Sink waiting = f.call("c2", push("g").setLongPollingTimeout(seconds(10)));
        f.pass(7_000);

        assertThat(waiting.attempt(0)).isEqualTo(2);
    }

    // ---- attempt ids ----

    @Test
    void aReceiveWithTheSameAttemptIdGetsTheSameMessagesUncounted() {
        f.publish(0, 5);
        ReceiveMessageRequest.Builder request = push("g").setAttemptId("a1").setBatchSize(2);
        Sink lost = f.call("c1", request);

        Sink again = f.call("c1", request);
        Sink other = f.call("c1", push("g").setAttemptId("a2").setBatchSize(2));

        assertThat(again.ids()).isEqualTo(lost.ids());
        assertThat(again.attempt(0)).isEqualTo(1);
        assertThat(other.ids()).containsExactly("M0-2", "M0-3");
        assertThat(f.acked("g", again.handle(0))).isEqualTo(Code.OK);
        assertThat(f.call("c1", request).ids()).containsExactly("M0-1");
    }

    @Test
    void attemptIdsSurviveTheLeader() {
        f.publish(0, 1);
        ReceiveMessageRequest.Builder request = push("g").setAttemptId("a1");
        f.call("c1", request);
        f.pass(100);
        f.restart();

        Sink again = f.call("c1", request);

        assertThat(again.ids()).containsExactly("M0-0");
        assertThat(again.attempt(0)).isEqualTo(1);
    }

    // ---- long polling ----

    @Test
    void aWaitingReceiveIsAnsweredByThePublish() {
        Sink waiting = f.call("c1", receive("g"));
        assertThat(waiting.answered()).isFalse();

        f.publish(1, 1);

        assertThat(waiting.ids()).containsExactly("M1-0");
    }

    @Test
    void oneMessageWakesOneOfManyWaitingReceives() {
        Sink first = f.call("c1", receive("g"));
        Sink second = f.call("c2", receive("g"));

        f.publish(0, 1);

        assertThat(first.ids()).containsExactly("M0-0");
        assertThat(second.answered()).isFalse();
    }

    @Test
    void anEmptyAnswerLeavesBeforeTheDeadline() {
        Sink sink = new Sink();
        CallContext context = new CallContext("c1", "GO", "5.1", "", "grpc-go", f.loop.nanoTime() + 3_000_000_000L);
        f.consuming
                .receiveMessage()
                .handle(context, receive("g").clearLongPollingTimeout().build().toByteString(), sink);
        f.pass(2_499);
        assertThat(sink.answered()).isFalse();

        f.pass(1);

        assertThat(sink.receiveCode()).isEqualTo(Code.MESSAGE_NOT_FOUND);
    }

    @Test
    void parkedReceivesAreBounded() {
        f = new ConsumingFixture(ConsumeConfig.DEFAULT.withLimits(1000, 1000, 2, 3));
        f.call("c1", receive("g"));
        f.call("c2", receive("g"));

        assertThat(f.call("c3", receive("g")).receiveCode()).isEqualTo(Code.TOO_MANY_REQUESTS);
        assertThat(f.call("c3", receive("h")).answered()).isFalse();
        assertThat(f.call("c4", receive("h")).receiveCode()).isEqualTo(Code.TOO_MANY_REQUESTS);
    }

    @Test
    void aCancelledReceiveLeavesItsPlace() {
        f = new ConsumingFixture(ConsumeConfig.DEFAULT.withLimits(1000, 1000, 1, 1));
        Sink cancelled = f.call("c1", receive("g"));

        cancelled.cancel();
        f.loop.settle();
        Sink next = f.call("c2", receive("g"));
        f.publish(0, 1);

        assertThat(next.ids()).containsExactly("M0-0");
        assertThat(cancelled.answered()).isFalse();
    }

    @Test
    void whatACancelledCallWouldHaveGotIsVisibleAtOnceAndUncounted() {
        f.publish(0, 2);
        f.raft.holdReads(true);
        Sink cancelled = f.call("c1", receive("g"));
        cancelled.cancel();
        f.raft.holdReads(false);
        f.loop.settle();

        Sink next = f.call("c2", receive("g"));

        assertThat(cancelled.answered()).isFalse();
        assertThat(next.ids()).containsExactly("M0-0", "M0-1");
        assertThat(next.attempt(0)).isEqualTo(1);
    }

    // ---- leadership ----

    @Test
    void messagesLeaveOnlyAfterLeadershipWasConfirmed() {
        f.publish(0, 1);
        f.raft.holdReads(true);
        Sink received = f.call("c1", receive("g"));
        assertThat(received.answered()).isFalse();

        f.raft.holdReads(false);
        f.loop.settle();

        assertThat(received.ids()).containsExactly("M0-0");
    }

    @Test
    void aDeposedLeaderHandsOutNothing() {
        f.publish(0, 1);
        f.raft.holdReads(true);
        Sink received = f.call("c1", receive("g"));

        f.raft.failReads();
        f.loop.settle();

        assertThat(received.notLeader).isTrue();
    }

    @Test
    void receivesOfOneTurnShareOneQuorumRound() {
        f.publish(0, 100);
        f.call("c0", receive("g").setBatchSize(1));
        int before = f.raft.reads();

        for (int i = 0; i < 10; i++) {
            f.consuming
                    .receiveMessage()
                    .handle(
                            f.client("c" + i),
                            receive("g").setBatchSize(1).build().toByteString(),
                            new Sink());
        }
        f.loop.settle();

        assertThat(f.raft.reads() - before).isEqualTo(1);
    }

    @Test
    void waitingCallsAreSentOnWhenTheTermEnds() {
        Sink receive = f.call("c1", receive("g"));
        Sink pull = f.pull(0, 0);

        f.raft.lead(2, false);
        f.loop.settle();

        assertThat(receive.notLeader).isTrue();
        assertThat(pull.notLeader).isTrue();
        assertThat(f.call("c1", receive("g")).notLeader).isTrue();
    }

    @Test
    void aNewLeaderServesOnlyBehindItsReadBarrier() {
        f.raft.lead(1, false);
        f.loop.settle();
        f.publish(0, 1);
        f.raft.holdReads(true);
        f.raft.lead(2, true);
        Sink received = f.call("c1", receive("g"));
        assertThat(received.answered()).isFalse();

        f.raft.holdReads(false);
        f.loop.settle();

        assertThat(received.ids()).containsExactly("M0-0");
    }

    @Test
    void handlesStayGoodWhenTheLeaderChanges() {
        f.publish(0, 2);
        Sink received = f.call("c1", receive("g"));
        f.pass(100);

        f.changeLeader();

        assertThat(f.acked("g", received.handle(0))).isEqualTo(Code.OK);
        Sink waiting = f.call("c2", receive("g"));
        f.pass(5_000);
        assertThat(waiting.receiveCode()).isEqualTo(Code.MESSAGE_NOT_FOUND);
        assertThat(f.acked("g", received.handle(1))).isEqualTo(Code.OK);
        assertThat(f.progress(0).base()).isEqualTo(2);
    }

    @Test
    void aHandleIsGoodEvenIfItsHandOutNeverReachedTheLog() {
        f.publish(0, 40);
        Sink first = f.call("c1", receive("g"));

        f.changeLeader();

        assertThat(f.raft.entries).isEmpty();
        assertThat(f.acked("g", first.handle(3))).isEqualTo(Code.OK);
        assertThat(f.change("g", first.handle(4), 20)
                        .changeResponse()
                        .getStatus()
                        .getCode())
                .isEqualTo(Code.OK);
        Sink second = f.call("c2", receive("g"));
        assertThat(second.ids()).doesNotContain("M0-3", "M0-4").contains("M0-2", "M0-5");
        assertThat(f.acked("g", first.handle(5))).as("handed out again").isEqualTo(Code.INVALID_RECEIPT_HANDLE);
    }

    @Test
    void progressSurvivesARestart() {
        f.publish(0, 10);
        Sink received = f.call("c1", receive("g"));
        f.ack("g", received.handle(0), received.handle(1), received.handle(5));
        f.loop.settle();

        f.restart();
        f.pass(10_000);
        Sink again = f.call("c1", receive("g"));

        assertThat(again.ids()).containsExactly("M0-2", "M0-3", "M0-4", "M0-6", "M0-7", "M0-8", "M0-9");
        assertThat(again.attempt(0)).isEqualTo(2);
    }

    @Test
    void theLeadersViewAheadOfTheLogEqualsWhatIsAppliedLater() {
        f.publish(0, 200);
        f.publish(1, 50);
        List<String> handles = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            Sink received = f.call("c" + i, i % 2 == 0 ? push("g") : receive("g"));
            received.messages()
                    .forEach(
                            message -> handles.add(message.getSystemProperties().getReceiptHandle()));
        }
        for (int i = 0; i < handles.size(); i += 3) {
            f.ack("g", handles.get(i));
        }
        f.change("g", handles.get(1), 40);
        f.clientGone("c0");
        f.pass(12_000);
        f.call("c9", receive("g"));
        f.pass(100);

        Subscription live = f.live("g");

        for (int queueId = 0; queueId < 2; queueId++) {
            assertThat(f.progress(queueId)).isEqualTo(live.progress(queueId).orElseThrow());
        }
    }

    // ---- replication ----

    @Test
    void aThousandAcknowledgementsCostFewEntries() {
        f.publish(0, 1024);
        List<String> handles = new ArrayList<>();
        for (int i = 0; i < 32; i++) {
            f.call("c1", receive("g"))
                    .messages()
                    .forEach(
                            message -> handles.add(message.getSystemProperties().getReceiptHandle()));
        }
        f.pass(100);
        int before = f.raft.entries.size();
        f.raft.mode(LogOfOne.Mode.HOLD);

        List<Sink> sinks = handles.stream().map(handle -> f.ack("g", handle)).toList();
        f.loop.settle();
        assertThat(sinks).noneMatch(Sink::answered);
        f.raft.mode(LogOfOne.Mode.COMMIT);
        f.loop.settle();

        assertThat(sinks).allMatch(sink -> sink.ackResponse().getStatus().getCode() == Code.OK);
        assertThat(f.raft.entries.size() - before).isLessThanOrEqualTo(2);
        assertThat(f.progress(0).base()).isEqualTo(1024);
    }

    @Test
    void handOutsReachTheLogWithin50Milliseconds() {
        f.publish(0, 3);
        f.call("c1", receive("g").setBatchSize(1));
        f.call("c1", receive("g").setBatchSize(1));

        f.pass(50);

        assertThat(f.raft.entries).hasSize(1);
        assertThat(f.progress(0).leases()).hasSize(2);
    }

    @Test
    void aBusyLogIsAskedAgainAndTheAcknowledgementWaits() {
        f.publish(0, 1);
        Sink received = f.call("c1", receive("g"));
        f.raft.mode(LogOfOne.Mode.BUSY);
        Sink acked = f.ack("g", received.handle(0));
        f.pass(1_000);
        assertThat(acked.answered()).isFalse();

        f.raft.mode(LogOfOne.Mode.COMMIT);
        f.pass(20);

        assertThat(acked.ackResponse().getStatus().getCode()).isEqualTo(Code.OK);
    }

    @Test
    void patienceWithABusyLogEnds() {
        f.publish(0, 1);
        Sink received = f.call("c1", receive("g"));
        f.raft.mode(LogOfOne.Mode.BUSY);

        Sink acked = f.ack("g", received.handle(0));
        f.pass(3_000);

        assertThat(acked.ackResponse().getStatus().getCode()).isEqualTo(Code.HA_NOT_AVAILABLE);
    }

    @Test
    void anAcknowledgementWhoseFateIsUnknownGoesToTheNewLeader() {
        f.publish(0, 1);
        Sink received = f.call("c1", receive("g"));
        f.raft.mode(LogOfOne.Mode.HOLD);
        Sink acked = f.ack("g", received.handle(0));
        f.loop.settle();

        f.raft.mode(LogOfOne.Mode.INDETERMINATE);
        f.loop.settle();

        assertThat(acked.notLeader).isTrue();
    }

    @Test
    void aChangeWhoseFateIsUnknownIsNotRepeated() {
        f.publish(0, 1);
        Sink received = f.call("c1", receive("g"));
        f.raft.mode(LogOfOne.Mode.INDETERMINATE);

        Sink changed = f.change("g", received.handle(0), 20);

        assertThat(changed.changeResponse().getStatus().getCode()).isEqualTo(Code.HA_NOT_AVAILABLE);
        assertThat(changed.changeResponse().getReceiptHandle()).isEqualTo(received.handle(0));
    }

    @Test
    void aLostEntryMakesTheLeaderForgetWhatItKnewAhead() {
        f.publish(0, 2);
        f.call("c1", receive("g").setBatchSize(1));
        f.raft.mode(LogOfOne.Mode.INDETERMINATE);
        f.pass(50);
        f.raft.mode(LogOfOne.Mode.COMMIT);

        Sink received = f.call("c2", receive("g"));
        f.pass(50);

        assertThat(received.ids()).as("the first hand-out is not in the log").containsExactly("M0-0", "M0-1");
        assertThat(f.live("g").progress(0)).contains(f.progress(0));
    }

    // ---- bounds ----

    @Test
    void anOffsetThatNobodyAcknowledgesStopsTheQueueAtTheSpan() {
        f = new ConsumingFixture(ConsumeConfig.DEFAULT.withLimits(20, 1000, 10, 10));
        f.publish(0, 100);
        Sink received = f.call("c1", push("g").setBatchSize(20));
        for (int i = 1; i < 20; i++) {
            f.acked("g", received.handle(i));
        }

        Sink stopped = f.call("c1", push("g"));
        assertThat(stopped.answered()).isFalse();
        f.acked("g", received.handle(0));

        assertThat(stopped.messages()).hasSize(20);
    }

    @Test
    void aGroupHoldsABoundedNumberOfMessages() {
        f = new ConsumingFixture(ConsumeConfig.DEFAULT.withLimits(1000, 10, 10, 10));
        f.publish(0, 100);
        f.publish(1, 100);
        Sink received = f.call("c1", push("g"));
        assertThat(received.messages()).hasSize(10);
        Sink stopped = f.call("c1", push("g"));
        assertThat(stopped.answered()).isFalse();

        f.acked("g", received.handle(0));

        assertThat(stopped.messages()).hasSize(1);
    }

    @Test
    void queuesTakeTurns() {
        f.publish(0, 100);
        f.publish(1, 100);
        Set<Integer> served = new HashSet<>();
        for (int i = 0; i < 2; i++) {
            served.add(f.call("c1", push("g"))
                    .messages()
                    .get(0)
                    .getSystemProperties()
                    .getQueueId());
        }

        assertThat(served).containsExactlyInAnyOrder(0, 1);
    }

    @Test
    void trimmedMessagesArePassedOver() {
        f.publish(0, 10);
        Sink first = f.call("c1", receive("g").setBatchSize(1));
        f.trim(0, 6);

        Sink received = f.call("c1", receive("g"));

        assertThat(first.ids()).containsExactly("M0-0");
        assertThat(received.ids()).containsExactly("M0-6", "M0-7", "M0-8", "M0-9");
        f.pass(100);
        assertThat(f.progress(0).base()).isEqualTo(6);
    }

    @Test
    void damagedMessagesAreNotServedAndNotLost() {
        f.publish(0, 1);
        f.readFailure = Optional.of(new RaftNode.DamagedEntryException("entry 1"));
        assertThat(f.call("c1", receive("g")).receiveCode()).isEqualTo(Code.INTERNAL_ERROR);

        f.readFailure = Optional.empty();
        Sink received = f.call("c1", receive("g"));

        assertThat(received.attempt(0)).isEqualTo(1);
    }

    @Test
    void aDeletedTopicEndsTheWait() {
        Sink waiting = f.call("c1", receive("g"));

        f.deleteTopic();

        assertThat(waiting.receiveCode()).isEqualTo(Code.TOPIC_NOT_FOUND);
    }

    @Test
    void fiftyThousandQueuesCostAReceiveNothing() {
        f.queueCount = 50_000;
        for (int i = 0; i < 1000; i++) {
            f.call("c" + i, receive("g"));
        }
        long looked = f.looks;

        f.publish(49_999, 1);
        for (int i = 0; i < 1000; i++) {
            f.call("d" + i, receive("g").clearLongPollingTimeout().setLongPollingTimeout(seconds(0)));
        }

        assertThat(f.looks - looked).isLessThan(100);
    }

    // ---- codes ----

    @Test
    void badReceivesGetTheirCode() {
        assertThat(code(receive("a b"))).isEqualTo(Code.ILLEGAL_CONSUMER_GROUP);
        assertThat(code(receive(""))).isEqualTo(Code.ILLEGAL_CONSUMER_GROUP);
        assertThat(code(withTopic("to pic"))).isEqualTo(Code.ILLEGAL_TOPIC);
        assertThat(code(withTopic("absent"))).isEqualTo(Code.TOPIC_NOT_FOUND);
        assertThat(code(receive("g").setInvisibleDuration(seconds(9)))).isEqualTo(Code.ILLEGAL_INVISIBLE_TIME);
        assertThat(code(receive("g").setInvisibleDuration(seconds(12 * 3600 + 1))))
                .isEqualTo(Code.ILLEGAL_INVISIBLE_TIME);
        assertThat(code(receive("g").clearInvisibleDuration())).isEqualTo(Code.ILLEGAL_INVISIBLE_TIME);
        assertThat(code(receive("g").setFilterExpression(filter(FilterType.SQL, "a > 1"))))
                .isEqualTo(Code.UNSUPPORTED);
        assertThat(code(receive("g").setFilterExpression(filter(FilterType.TAG, "a || b"))))
                .isEqualTo(Code.UNSUPPORTED);
        assertThat(f.call("", receive("g")).receiveCode()).isEqualTo(Code.CLIENT_ID_REQUIRED);
        f.pass(100);
        assertThat(f.raft.entries).isEmpty();
    }

    @Test
    void bytesThatAreNoRequestAreABadRequest() {
        Sink sink = new Sink();

        f.consuming.receiveMessage().handle(f.client("c"), ByteString.copyFromUtf8("\u0007garbage"), sink);

        assertThat(sink.receiveCode()).isEqualTo(Code.BAD_REQUEST);
    }

    @Test
    void badChangesGetTheirCodeAndTheOldHandle() {
        Sink changed = f.change("g", "h", 12 * 3600 + 1);

        assertThat(changed.changeResponse().getStatus().getCode()).isEqualTo(Code.ILLEGAL_INVISIBLE_TIME);
        assertThat(changed.changeResponse().getReceiptHandle()).isEqualTo("h");
    }

    @Test
    void aGroupExistsFromItsFirstReceiveOn() {
        f.call("c1", receive("g"));
        f.pass(50);

        assertThat(f.applied.groups()).containsExactly("g");
    }

    // ---- pull ----

    @Test
    void aPullReadsFromItsOffsetAndSaysWhereToGoOn() {
        f.publish(1, 30);

        var responses = f.pull(5, 1).pullResponses();

        assertThat(responses).hasSize(12);
        assertThat(responses.get(0).getStatus().getCode()).isEqualTo(Code.OK);
        assertThat(responses.get(1).getMessage().getSystemProperties().getQueueOffset())
                .isEqualTo(5);
        assertThat(responses.get(11).getNextOffset()).isEqualTo(15);
    }

    @Test
    void aPullAtTheEndWaits() {
        f.publish(1, 3);
        Sink woken = f.pull(3, 1);
        assertThat(woken.answered()).isFalse();

        f.publish(1, 1);
        Sink empty = f.pull(4, 1);
        f.pass(5_000);

        assertThat(woken.pullResponses()).hasSize(3);
        assertThat(empty.pullStatus().getCode()).isEqualTo(Code.MESSAGE_NOT_FOUND);
    }

    @Test
    void pullsOutsideOfTheQueueAreToldWhereItIs() {
        f.publish(0, 10);
        f.trim(0, 4);

        assertThat(f.pull(-1, 0).pullStatus().getCode()).isEqualTo(Code.ILLEGAL_OFFSET);
        assertThat(f.pull(3, 0).pullStatus().getCode()).isEqualTo(Code.OFFSET_NOT_FOUND);
        assertThat(f.pull(3, 0).pullResponses().get(1).getNextOffset()).isEqualTo(4);
        assertThat(f.pull(11, 0).pullResponses().get(1).getNextOffset()).isEqualTo(10);
        assertThat(f.pull(0, 99).pullStatus().getCode()).isEqualTo(Code.BAD_REQUEST);
    }

    @Test
    void committedOffsetsAreReadBack() {
        GetOffsetRequest get = GetOffsetRequest.newBuilder()
                .setGroup(Resource.newBuilder().setName("g"))
                .setMessageQueue(ConsumingFixture.queue(1))
                .build();
        Sink before = new Sink();
        f.consuming.getOffset().handle(f.client("c"), get.toByteString(), before);
        Sink update = new Sink();
        f.consuming
                .updateOffset()
                .handle(
                        f.client("c"),
                        UpdateOffsetRequest.newBuilder()
                                .setGroup(Resource.newBuilder().setName("g"))
                                .setMessageQueue(ConsumingFixture.queue(1))
                                .setOffset(42)
                                .build()
                                .toByteString(),
                        update);
        f.loop.settle();
        Sink after = new Sink();
        f.consuming.getOffset().handle(f.client("c"), get.toByteString(), after);
        f.loop.settle();

        assertThat(Sink.parse(UpdateOffsetResponse.parser(), update.responses.get(0))
                        .getStatus()
                        .getCode())
                .isEqualTo(Code.OK);
        assertThat(Sink.parse(GetOffsetResponse.parser(), after.responses.get(0))
                        .getOffset())
                .isEqualTo(42);
        assertThat(f.applied.group("g").orElseThrow().queues().get(0).pullOffset())
                .hasValue(42);
    }

    @Test
    void offsetsAreFoundByPolicy() {
        f.publish(0, 10);
        f.trim(0, 2);

        assertThat(query(QueryOffsetPolicy.BEGINNING)).isEqualTo(2);
        assertThat(query(QueryOffsetPolicy.END)).isEqualTo(10);
        assertThat(query(QueryOffsetPolicy.TIMESTAMP)).isEqualTo(4);
    }

    private long query(QueryOffsetPolicy policy) {
        Sink sink = new Sink();
        QueryOffsetRequest request = QueryOffsetRequest.newBuilder()
                .setMessageQueue(ConsumingFixture.queue(0))
                .setQueryOffsetPolicy(policy)
                .setTimestamp(
                        com.google.protobuf.Timestamp.newBuilder().setSeconds(1).setNanos(4_000_000))
                .build();
        f.consuming.queryOffset().handle(f.client("c"), request.toByteString(), sink);
        f.loop.settle();
        return Sink.parse(QueryOffsetResponse.parser(), sink.responses.get(0)).getOffset();
    }

    private Code code(ReceiveMessageRequest.Builder request) {
        return f.call("c1", request).receiveCode();
    }

    private static ReceiveMessageRequest.Builder withTopic(String topic) {
        ReceiveMessageRequest.Builder request = receive("g");
        request.getMessageQueueBuilder().getTopicBuilder().setName(topic);
        return request;
    }

    private static FilterExpression.Builder filter(FilterType type, String expression) {
        return FilterExpression.newBuilder().setType(type).setExpression(expression);
    }

    private static com.google.protobuf.Duration seconds(int seconds) {
        return com.google.protobuf.Duration.newBuilder().setSeconds(seconds).build();
    }
}
