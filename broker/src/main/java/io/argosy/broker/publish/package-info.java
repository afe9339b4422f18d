/**
 * SendMessage at the leader: {@link io.argosy.broker.publish.SendMessage} checks, chooses the queue, proposes and answers;
 * {@link io.argosy.broker.publish.PublishApplier} decides on every replica, in log order, which messages are new and what
 * offsets they get. Nothing is decided at the door that another leader could decide otherwise.
 */
@NullMarked
package io.argosy.broker.publish;

import org.jspecify.annotations.NullMarked;
