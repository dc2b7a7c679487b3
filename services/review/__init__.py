"""Stage 8: whether it held, how well it was done, and what others can learn from it.

Owns the read models `reviews`, `trends` and `quality_rules`.
Hears intake (the requester, the times), assignment (who had it), resolution (how it went)
and sla (whether promises were broken).
Says FollowUpRequested, FeedbackReceived, QualityReviewRequested, QualityReviewed;
ArticleDrafted, ArticleReviewed, ArticlePublished, ArticleWithdrawn, ArticleLinked; and
QualityRulesDefined.
"""
