using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;
using RefusalExplorer.Engine;
using RefusalExplorer.Engine.Interventions;
using RefusalExplorer.Pipeline.Experiments;
using RefusalExplorer.Web.Api.Http;

namespace RefusalExplorer.Web.Api;

/// <summary>The OpenAPI document.</summary>
internal static class ApiDocument
{
    private const string Description =
        "What the pages can do, for notebooks and scripts. Errors are problem details (RFC 9457). Long work is a run: start it, watch its events, get its result. " +
        "429 and 503 carry Retry-After.";

    public static void Configure(OpenApiOptions options)
    {
        options.ShouldInclude = description => description.RelativePath?.StartsWith("api/v1/", StringComparison.Ordinal) == true;
        options.AddDocumentTransformer((document, _, _) =>
        {
            document.Info = new OpenApiInfo { Title = "RefusalExplorer", Version = RunRecords.AppVersion.Split('+')[0], Description = Description };
            document.Servers = [];
            return Task.CompletedTask;
        });
        options.AddSchemaTransformer((schema, context, _) =>
        {
            if (Text(context.JsonTypeInfo.Type) is not { } text)
                return Task.CompletedTask;
            (schema.Type, schema.Pattern, schema.Description, schema.Properties) = (JsonSchemaType.String, text.Pattern, text.Description, null);
            return Task.CompletedTask;
        });
        options.AddOperationTransformer((operation, context, _) =>
        {
            if (context.Description.HttpMethod == HttpMethods.Post)
            {
                (operation.Parameters ??= []).Add(new OpenApiParameter
                {
                    Name = Idempotency.Header,
                    In = ParameterLocation.Header,
                    Description = "The same key and body again get the first answer again",
                    Schema = new OpenApiSchema { Type = JsonSchemaType.String, MaxLength = 255 },
                });
            }
            return Task.CompletedTask;
        });
    }

    // Types that are written as text.
    private static (string? Pattern, string Description)? Text(Type type) => type switch
    {
        _ when type == typeof(FeatureId) => (@"^L\d+-\d+$", "An SAE feature, L<layer>-<index>"),
        _ when type == typeof(TokenScope) => (null, "all, allButFirst, bos, special, prompt, generated, last:<n> or positions:<i>,<j>"),
        _ => null,
    };
}
