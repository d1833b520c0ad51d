"""What the usual webhooks mean: names as in the starter campaigns, people by their e-mail."""

from collections.abc import Mapping
from dataclasses import dataclass

from core.domain.hooks import HookMapping, HookRule, Preset


@dataclass(frozen=True, slots=True, kw_only=True)
class PresetFacts:
    """What a page says of a vendor: whether the secret is ours, and where things are entered."""

    title: str
    makes_secret: bool
    where_secret: str
    where_address: str
    mapping: HookMapping


_CUSTOMER_EMAIL = "$.email | $.contact_email | $.customer.email"
_CUSTOMER = "customer:{$.customer.id}"
_PERSON = {
    "first_name": "$.first_name",
    "last_name": "$.last_name",
    "phone": "$.phone",
}


def _shopify_buyer(topic: str, event: str, at: str, properties: Mapping[str, str]) -> HookRule:
    return HookRule(
        topic=topic,
        event=event,
        email=_CUSTOMER_EMAIL,
        known_as=(_CUSTOMER, "cart:{$.cart_token}"),
        at=at,
        properties={"items": "$.line_items", "currency": "$.currency", **properties},
        traits={
            "first_name": "$.customer.first_name",
            "last_name": "$.customer.last_name",
            "country": "$.customer.default_address.country_code",
        },
    )


_CHECKOUT = {
    "total": "$.total_price",
    "cart_id": "$.cart_token",
    "cart_url": "$.abandoned_checkout_url",
}
_ORDER = {
    "order_id": "$.id",
    "order_name": "$.name",
    "revenue": "$.total_price",
    "status": "$.financial_status",
    "cart_id": "$.cart_token",
}
_CART = HookRule(
    topic="carts/*",
    event="cart_update",
    known_as=("cart:{$.token}",),
    at="$.updated_at",
    properties={"items": "$.line_items", "cart_id": "$.token"},
)
_SHOPIFY_CUSTOMER = HookRule(
    topic="customers/*",
    email="$.email",
    known_as=("customer:{$.id}",),
    traits={
        **_PERSON,
        "email": "$.email",
        "country": "$.default_address.country_code",
        "orders_count": "$.orders_count",
        "total_spent": "$.total_spent",
        "newsletter_state": "$.email_marketing_consent.state",
    },
)
# Who tells a vendor that they want nothing is not written to; who is silent there may have agreed
# elsewhere, so that the reverse says nothing.
_OPTED_OUT = {"unsubscribed": "true"}


def _opted_out(rule: HookRule, path: str, said: str) -> HookRule:
    """Give the rule for those who want nothing, which the vendor says so at a path."""
    return rule.model_copy(update={"where": {path: said}, "traits": {**rule.traits, **_OPTED_OUT}})


_SHOPIFY = HookMapping(
    rules=(
        _shopify_buyer("checkouts/create", "checkout_start", "$.created_at", _CHECKOUT),
        _shopify_buyer("checkouts/*", "checkout_update", "$.updated_at", _CHECKOUT),
        _shopify_buyer("orders/create", "purchase", "$.created_at", _ORDER),
        _shopify_buyer("orders/cancelled", "order_cancelled", "$.cancelled_at", _ORDER),
        _shopify_buyer("orders/fulfilled", "order_fulfilled", "$.updated_at", _ORDER),
        _shopify_buyer("orders/paid", "order_paid", "$.updated_at", _ORDER),
        _CART,
        _opted_out(_SHOPIFY_CUSTOMER, "$.email_marketing_consent.state", "unsubscribed"),
        _SHOPIFY_CUSTOMER,
    )
)

_PAID = {
    "order_id": "$.data.object.id",
    "amount_in_cents": "$.data.object.amount_total",
    "currency": "$.data.object.currency",
    "status": "$.data.object.payment_status",
}
_IS_PAID = {"$.data.object.payment_status": "paid"}
_PAID_BY_INVOICE = "$.data.object.amount_paid"
_INVOICE = {
    "invoice_id": "$.data.object.id",
    "subscription_id": (
        "$.data.object.subscription | $.data.object.parent.subscription_details.subscription"
    ),
    "amount_in_cents": "$.data.object.amount_due",
    "currency": "$.data.object.currency",
    "status": "$.data.object.status",
    "reason": "$.data.object.billing_reason",
    "url": "$.data.object.hosted_invoice_url",
}


def _stripe(
    topic: str, event: str, properties: Mapping[str, str], where: Mapping[str, str] | None = None
) -> HookRule:
    return HookRule(
        topic=topic,
        where=where or {},
        event=event,
        email="$.data.object.customer_details.email | $.data.object.customer_email",
        known_as=("customer:{$.data.object.customer}",),
        at="$.created",
        properties=properties,
    )


_STRIPE = HookMapping(
    topic="$.type",
    rules=(
        _stripe("checkout.session.completed", "purchase", _PAID, _IS_PAID),
        # Paid later, as by bank transfer, or nothing to pay: no purchase yet.
        _stripe("checkout.session.completed", "checkout_completed", _PAID),
        _stripe("checkout.session.async_payment_succeeded", "purchase", _PAID),
        _stripe("checkout.session.async_payment_failed", "payment_failed", _PAID),
        _stripe("checkout.session.expired", "checkout_expired", _PAID),
        _stripe("invoice.paid", "invoice_paid", {**_INVOICE, "amount_in_cents": _PAID_BY_INVOICE}),
        _stripe("invoice.payment_failed", "invoice_payment_failed", _INVOICE),
        _stripe("invoice.upcoming", "invoice_upcoming", _INVOICE),
        _stripe("invoice.*", "invoice_update", {**_INVOICE, "kind": "$.type"}),
        HookRule(
            topic="customer.*",
            where={"$.data.object.object": "customer"},
            email="$.data.object.email",
            known_as=("customer:{$.data.object.id}",),
            traits={
                "email": "$.data.object.email",
                "name": "$.data.object.name",
                "phone": "$.data.object.phone",
                "country": "$.data.object.address.country",
            },
        ),
    ),
)

_CONTACT = ("contact:{$.objectId}",)
_DEAL = {"deal_id": "$.objectId"}
_HUBSPOT = HookMapping(
    items="$[*]",
    topic="$.subscriptionType",
    rules=(
        HookRule(
            topic="contact.propertyChange",
            where={"$.propertyName": "email"},
            email="$.propertyValue",
            known_as=_CONTACT,
            traits={"email": "$.propertyValue"},
        ),
        HookRule(
            topic="contact.propertyChange",
            where={"$.propertyName": "hs_email_optout", "$.propertyValue": "true"},
            known_as=_CONTACT,
            event="contact_changed",
            at="$.occurredAt",
            properties={"property": "$.propertyName", "value": "$.propertyValue"},
            traits=_OPTED_OUT,
        ),
        HookRule(
            topic="contact.propertyChange",
            event="contact_changed",
            known_as=_CONTACT,
            at="$.occurredAt",
            properties={"property": "$.propertyName", "value": "$.propertyValue"},
            traits={"$.propertyName": "$.propertyValue"},
        ),
        HookRule(
            topic="contact.creation", event="contact_created", known_as=_CONTACT, at="$.occurredAt"
        ),
        HookRule(
            topic="deal.associationChange",
            where={"$.associationType": "DEAL_TO_CONTACT", "$.associationRemoved": "true"},
            event="deal_unassigned",
            known_as=("contact:{$.toObjectId}",),
            at="$.occurredAt",
            properties={"deal_id": "$.fromObjectId"},
        ),
        HookRule(
            topic="deal.associationChange",
            where={"$.associationType": "DEAL_TO_CONTACT"},
            event="deal_assigned",
            known_as=("contact:{$.toObjectId}", "deal:{$.fromObjectId}"),
            at="$.occurredAt",
            properties={"deal_id": "$.fromObjectId"},
        ),
        HookRule(
            topic="deal.propertyChange",
            event="deal_changed",
            known_as=("deal:{$.objectId}",),
            at="$.occurredAt",
            properties={**_DEAL, "property": "$.propertyName", "value": "$.propertyValue"},
        ),
        HookRule(
            topic="deal.creation",
            event="deal_created",
            known_as=("deal:{$.objectId}",),
            at="$.occurredAt",
            properties=_DEAL,
        ),
    ),
)

_SALESFORCE_PERSON = {
    "email": "$.Email",
    "first_name": "$.FirstName",
    "last_name": "$.LastName",
    "country": "$.Country | $.MailingCountry",
}
_LEAD = HookRule(
    topic="Lead",
    event="lead_changed",
    email="$.Email",
    known_as=("contact:{$.ConvertedContactId}", "lead:{$.Id}"),
    at="$.LastModifiedDate | $.SystemModstamp",
    properties={"lead_id": "$.Id", "status": "$.Status", "rating": "$.Rating"},
    traits={**_SALESFORCE_PERSON, "lead_status": "$.Status"},
)
_SALESFORCE_CONTACT = HookRule(
    topic="Contact",
    event="contact_changed",
    email="$.Email",
    known_as=("contact:{$.Id}",),
    at="$.LastModifiedDate | $.SystemModstamp",
    properties={"contact_id": "$.Id"},
    traits=_SALESFORCE_PERSON,
)

_SALESFORCE = HookMapping(
    rules=(
        _opted_out(_LEAD, "$.HasOptedOutOfEmail", "true"),
        _LEAD,
        _opted_out(_SALESFORCE_CONTACT, "$.HasOptedOutOfEmail", "true"),
        _SALESFORCE_CONTACT,
        HookRule(
            topic="Opportunity",
            event="deal_changed",
            email="$.Contact_Email__c",
            known_as=("contact:{$.ContactId}", "opportunity:{$.Id}"),
            at="$.LastModifiedDate | $.SystemModstamp",
            properties={
                "deal_id": "$.Id",
                "stage": "$.StageName",
                "amount": "$.Amount",
                "closes_on": "$.CloseDate",
                "is_won": "$.IsWon",
            },
        ),
    )
)

_GENERIC = HookMapping(
    topic="$.type | $.event",
    rules=(
        HookRule(
            event="$.event | $.type",
            user_id="$.user_id | $.userId",
            email="$.email",
            at="$.timestamp | $.occurred_at",
            properties={"*": "$.properties | $.data"},
            traits={"*": "$.traits"},
        ),
    ),
)

PRESETS: Mapping[Preset, PresetFacts] = {
    Preset.SHOPIFY: PresetFacts(
        title="Shopify",
        makes_secret=False,
        where_secret="the secret that Shopify shows below its list of webhooks",
        where_address="Settings → Notifications → Webhooks: one per event, as JSON",
        mapping=_SHOPIFY,
    ),
    Preset.STRIPE: PresetFacts(
        title="Stripe",
        makes_secret=False,
        where_secret="the signing secret of the endpoint; it begins with whsec_",
        where_address="Developers → Webhooks → Add an endpoint",
        mapping=_STRIPE,
    ),
    Preset.HUBSPOT: PresetFacts(
        title="HubSpot",
        makes_secret=False,
        where_secret="the client secret of the app, on its page Auth",
        where_address="your app → Webhooks → Target URL",
        mapping=_HUBSPOT,
    ),
    Preset.SALESFORCE: PresetFacts(
        title="Salesforce",
        makes_secret=True,
        where_secret="part of the address below; keep it to yourself",
        where_address="Setup → Outbound Messages → Endpoint URL",
        mapping=_SALESFORCE,
    ),
    Preset.GENERIC: PresetFacts(
        title="Another system",
        makes_secret=True,
        where_secret="what the other system signs with",
        where_address="wherever the other system asks for the address of a webhook",
        mapping=_GENERIC,
    ),
}
